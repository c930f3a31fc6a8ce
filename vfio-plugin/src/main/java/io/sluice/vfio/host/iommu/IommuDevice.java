package io.sluice.vfio.host.iommu;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vmm.address.Bdf;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What an IOMMU knows of one device: the requester ids that it sends by, what it can do, and its group. From
/// [IommuUnit#add] to [IommuUnit#remove]. Any thread.
public final class IommuDevice {
    private final Bdf requester;
    private final IommuUnit unit;
    private final IommuGroup group;
    private final DeviceTraits traits;
    private final List<ReservedRegion> reserved;
    /// One for each requester id, its own first, which is nobody else's. Those of aliases may be other devices' too.
    private final List<DmaContext> contexts;

    private boolean shared;
    /// Who has which PASID of a shared one.
    private final Map<Integer, Object> takers = new HashMap<>();

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

    // ---- a requester id that several share

    /// Its driver hands out PASIDs of it to several users, and its requester id without one to none.
    public synchronized void share() {
        shared = true;
    }

    /// Whether several users share it.
    public synchronized boolean isShared() {
        return shared;
    }

    /// A user of a shared one takes a PASID, unless it is another's.
    ///
    /// @return whether it is the user's now
    public synchronized boolean takePasid(int pasid, Object user) {
        return user.equals(takers.computeIfAbsent(pasid, free -> user));
    }

    /// A user gives a PASID back.
    public synchronized void givePasid(int pasid, Object user) {
        takers.remove(pasid, user);
    }

    /// Whether its writes can be noted: by it, and by its unit.
    public boolean tracksDirty() {
        return traits.dirtyTracking() && unit.settings().dirtyTracking();
    }

    /// Addresses that are not free for it: those of its unit, and its own.
    public List<ReservedRegion> reserved() {
        return reserved;
    }

    // ---- what it can hold and ask for

    /// The device may hold translations from now on.
    ///
    /// @throws HostException EOPNOTSUPP if it cannot
    public synchronized DeviceTlb enableAts() {
        if (!traits.ats()) {
            throw new HostException(Errno.EOPNOTSUPP, this + " holds no translations");
        }
        unit.steps().pass("iommu.enable_ats.entry");
        var tlb = new DeviceTlb(dma(), unit.settings().format().granuleShift());
        dma().setDeviceTlb(tlb);
        return tlb;
    }

    /// The device may hold translations no longer. When it returns, no request goes by one.
    public synchronized void disableAts() {
        dma().setDeviceTlb(null);
    }

    /// Says who hears of the pages that the device asks for with a PASID, or without one if it is 0. With nobody, a
    /// page
    /// that is not there is a fault, and those that have been asked for are refused.
    ///
    /// @throws HostException EOPNOTSUPP if the device or its IOMMU knows no page requests
    public synchronized void onPageRequests(int pasid, @Nullable PageRequests listener) {
        var requests = dma().pageRequester();
        if (listener == null) {
            if (requests != null) {
                requests.listen(pasid, null);
            }
            return;
        }
        if (!traits.ats() || !traits.pri() || !unit.settings().pageRequests()) {
            throw new HostException(Errno.EOPNOTSUPP, this + " asks for no pages");
        }
        unit.steps().pass("iommu.page_requests.listener");
        if (requests == null) {
            requests = new PageRequester(this, dma());
            dma().setPageRequester(requests);
        }
        requests.listen(pasid, listener);
    }

    /// It leaves: it holds nothing any more, and nothing that it has asked for comes.
    synchronized void retire() {
        disableAts();
        var requests = dma().pageRequester();
        if (requests != null) {
            requests.refuseAll();
        }
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
