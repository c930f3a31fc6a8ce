package io.sluice.vfio.host.iommu;

import io.sluice.vmm.address.Bdf;
import java.util.ArrayList;
import java.util.List;

/// What an IOMMU knows of one device: the requester ids that it sends by, what it can do, and its group. From
/// [IommuUnit#add] to [IommuUnit#remove]. Any thread.
public final class IommuDevice {
    private final Bdf requester;
    private final IommuUnit unit;
    private final IommuGroup group;
    private final DeviceTraits traits;
    private final List<ReservedRegion> reserved;
    /// One for each requester id, its own first. Those of aliases may be other devices' too.
    private final List<DmaContext> contexts;

    IommuDevice(Bdf requester, IommuUnit unit, IommuGroup group, DeviceTraits traits, List<DmaContext> contexts) {
        this.requester = requester;
        this.unit = unit;
        this.group = group;
        this.traits = traits;
        this.contexts = List.copyOf(contexts);
        var regions = new ArrayList<ReservedRegion>();
        regions.add(ReservedRegion.INTERRUPTS);
        regions.addAll(traits.reserved());
        this.reserved = List.copyOf(regions);
    }

    public Bdf requester() {
        return requester;
    }

    public IommuUnit unit() {
        return unit;
    }

    public IommuGroup group() {
        return group;
    }

    public DeviceTraits traits() {
        return traits;
    }

    /// Its way to memory by its own requester id. Once it has been removed, nothing gets through.
    public DmaContext dma() {
        return contexts.getFirst();
    }

    /// How many PASIDs it can use with its unit, of which 0 stands for none; 0 if it can use none.
    public int maxPasids() {
        int bits = Math.min(traits.pasidBits(), unit.settings().pasidBits());
        return bits == 0 ? 0 : 1 << bits;
    }

    /// Whether its writes can be noted: by it, and by its unit.
    public boolean tracksDirty() {
        return traits.dirtyTracking() && unit.settings().dirtyTracking();
    }

    /// Addresses that are not free for it: those of its unit, and its own.
    public List<ReservedRegion> reserved() {
        return reserved;
    }

    List<DmaContext> contexts() {
        return contexts;
    }

    /// Puts it into a domain by all its requester ids.
    void install(int pasid, Domain domain) {
        for (var context : contexts) {
            context.set(pasid, domain);
        }
    }

    @Override
    public String toString() {
        return requester.toString();
    }
}
