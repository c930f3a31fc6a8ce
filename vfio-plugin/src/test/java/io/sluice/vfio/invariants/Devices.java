package io.sluice.vfio.invariants;

import io.sluice.vfio.host.iommu.IommuDevice;
import io.sluice.vfio.host.iommu.IommuGroup;
import io.sluice.vfio.invariants.Files.GroupDoc;
import io.sluice.vfio.invariants.Spaces.Area;
import io.sluice.vfio.invariants.Spaces.Bound;
import io.sluice.vfio.invariants.Spaces.Ctx;
import io.sluice.vfio.invariants.Spaces.Hwpt;
import io.sluice.vfio.invariants.Spaces.Ioas;
import io.sluice.vfio.mdev.MdevDma;
import io.sluice.vfio.mdev.MdevPin;
import io.sluice.vfio.vfio.VfioGroup;
import io.sluice.vfio.vfio.VfioNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// What there is of a device: its group, what it is attached to, who has it open.
final class Devices {
    private Devices() {}

    static final class Attachment {
        Hwpt hwpt;
        final Set<Node> nodes = new LinkedHashSet<>();

        Attachment(Hwpt hwpt) {
            this.hwpt = hwpt;
        }
    }

    static final class Group {
        final IommuGroup real;
        final TreeMap<Integer, Attachment> attachments = new TreeMap<>();

        /// A context; or the device, if it is shared.
        @Nullable
        Object owner;

        int claims;
        int natives;

        Group(IommuGroup real) {
            this.real = real;
        }
    }

    static final class Pin {
        final MdevPin real;
        final Area area;
        final boolean write;
        boolean alive = true;

        /// Where it gets to; null for nowhere.
        @Nullable
        Area reached() {
            return !alive ? null : write ? area : area.readOnly();
        }

        Pin(MdevPin real, Area area, boolean write) {
            this.real = real;
            this.area = area;
            this.write = write;
        }
    }

    static final class VGroup {
        final VfioGroup real;
        final List<Node> members = new ArrayList<>();
        int blocks;

        @Nullable
        GroupDoc file;

        VGroup(VfioGroup real) {
            this.real = real;
        }
    }

    static final class Node {
        final VfioNode real;
        final VGroup vgroup;
        final @Nullable Group group;
        final @Nullable IommuDevice iommu;
        final @Nullable MdevDma dma;
        final boolean takesRid;
        final boolean takesPasids;
        boolean going;
        int opens;
        boolean byFile;

        /// A step of its opening was to fail.
        boolean openedBadly;

        @Nullable
        Ctx ctx;

        @Nullable
        Bound bound;

        boolean attached;
        final TreeSet<Integer> pasids = new TreeSet<>();

        @Nullable
        Ioas access;

        final List<Pin> pins = new ArrayList<>();

        Node(VfioNode real, VGroup vgroup, @Nullable Group group, @Nullable MdevDma dma) {
            this.real = real;
            this.vgroup = vgroup;
            this.group = group;
            this.iommu = real.iommu();
            this.dma = dma;
            this.takesRid = real.ops().takesRequester();
            this.takesPasids = real.ops().takesPasids();
        }

        boolean has(int pasid) {
            return pasid == 0 ? attached : pasids.contains(pasid);
        }

        void note(int pasid, boolean on) {
            if (pasid == 0) {
                attached = on;
            } else if (on) {
                pasids.add(pasid);
            } else {
                pasids.remove(pasid);
            }
        }

        void killPins(@Nullable Area of) {
            for (var pin : pins) {
                if (of == null || pin.area.equals(of)) {
                    pin.alive = false;
                }
            }
        }

        Object claimant() {
            var shared = iommu;
            var bearer = ctx;
            if (shared != null && !takesRid) {
                return shared;
            }
            if (bearer == null) {
                throw new IllegalStateException("not bound");
            }
            return bearer;
        }
    }
}
