package io.sluice.vfio.iommufd;

import io.sluice.vfio.iommufd.ioas.AreaPins;
import io.sluice.vfio.iommufd.ioas.IovaSpace;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// An I/O address space: what is mapped in it is mapped for every page table and every access that is attached to it.
final class Ioas extends IommuObject {
    final IovaSpace space;
    final AreaPins pins;
    private final Iommufd context;

    /// Page tables that were made for it, in the order in which they were.
    final List<HwptPaging> hwpts = new ArrayList<>();

    /// Software devices that are attached.
    final List<IommufdAccess> accesses = new ArrayList<>();

    /// What software devices have written and unpinned; null while nobody wants to know.
    private @Nullable AccessNotes notes;

    Ioas(Iommufd context) {
        this.context = context;
        var steps = context.steps();
        steps.pass("iommufd.ioas.object");
        this.space = new IovaSpace(steps);
        this.pins = new AreaPins(space, steps);
    }

    /// Makes one and publishes it.
    static Ioas create(Iommufd context) {
        int id = context.objects.reserve();
        try {
            var ioas = new Ioas(context);
            context.objects.publish(id, ioas);
            return ioas;
        } catch (io.sluice.vfio.host.HostException e) {
            context.objects.abandon(id);
            throw e;
        }
    }

    // ---- what software devices change

    /// Whether it is noted which pages software devices may have changed.
    void noteAccesses(boolean on) {
        notes = on ? new AccessNotes() : null;
    }

    /// A software device has written there, or has had it pinned until now.
    void accessed(long first, long last) {
        var noted = notes;
        if (noted != null) {
            noted.add(first, last);
        }
    }

    /// Tells of the pages that were noted since this was asked before, and of those that are pinned; some twice.
    void takeAccessed(long first, long last, Iommufd.PageSink sink) {
        var noted = notes;
        if (noted != null) {
            noted.take(first, last, sink);
            accesses.forEach(access -> access.tellPinned(first, last, sink));
        }
    }

    @Override
    void destroyed() {
        space.clear();
        context.forgetCompat(this);
    }

    @Override
    String kind() {
        return "IOAS";
    }
}
