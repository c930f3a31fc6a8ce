package io.sluice.vfio.host.iommu;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.memory.HostFrames;
import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.pci.DmaTarget;
import io.sluice.vmm.trace.Trace;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// One IOMMU of the simulated host: who stands behind it, by requester id, and the domains it has tables for. A
/// requester id that is nobody's gets nowhere.
///
/// Any thread; DMA finds its requester id without a lock.
public final class IommuUnit {
    private final UnitSettings settings;
    private final HostFrames frames;
    private final Steps steps;
    private final RequesterTable owners = new RequesterTable();
    private final RequesterTable aliased = new RequesterTable();
    private final TreeMap<Integer, IommuDevice> devices = new TreeMap<>();
    private final FaultLog faultLog;
    private final DmaTarget dma = new UnitDma(this);
    private volatile IommuTrace trace;
    private volatile InterruptSink interrupts = (requester, address, data) -> {};

    public IommuUnit(UnitSettings settings, HostFrames frames, Steps steps) {
        this(settings, frames, steps, System::nanoTime);
    }

    IommuUnit(UnitSettings settings, HostFrames frames, Steps steps, LongSupplier clock) {
        this.settings = settings;
        this.frames = frames;
        this.steps = steps;
        this.faultLog = new FaultLog(clock);
        this.trace = new IommuTrace(Trace.none(), settings.name());
        onFault((requester, pasid, iova, write, reason) -> trace.fault(requester, pasid, iova, write, reason));
    }

    public UnitSettings settings() {
        return settings;
    }

    HostFrames frames() {
        return frames;
    }

    Steps steps() {
        return steps;
    }

    /// The way to memory of those who stand behind it.
    public DmaTarget dma() {
        return dma;
    }

    // ---- domains

    /// Makes an empty domain that nobody is in.
    ///
    /// @throws HostException EOPNOTSUPP if it cannot be what it is for
    public PagingDomain newPagingDomain(DomainOptions options) {
        if (options.dirtyTracking() && !settings.dirtyTracking()) {
            throw new HostException(Errno.EOPNOTSUPP, settings.name() + " notes no writes");
        }
        if (options.nestParent() && !settings.nesting()) {
            throw new HostException(Errno.EOPNOTSUPP, settings.name() + " cannot nest");
        }
        steps.pass("iommu.new_paging.root");
        return new PagingDomain(this, options);
    }

    /// Puts a guest's first stage on a domain.
    ///
    /// @throws HostException EOPNOTSUPP if the unit cannot, or not so; EINVAL if the parent was not made for it
    public NestedDomain newNestedDomain(PagingDomain parent, StageOne stageOne) {
        boolean fine = settings.format().granuleShift() <= StageOne.PAGE_SHIFT;
        if (!settings.nesting() || !fine || (stageOne.flags() & ~StageOne.FLAGS) != 0) {
            throw new HostException(Errno.EOPNOTSUPP, settings.name() + " cannot nest so");
        }
        if (!parent.options().nestParent() || !parent.isOf(this)) {
            throw new HostException(Errno.EINVAL, parent + " is no parent for a first stage of " + settings.name());
        }
        if (!stageOne.isWellFormed()) {
            throw new HostException(Errno.EINVAL, stageOne + " is no first stage");
        }
        steps.pass("iommu.new_nested.domain");
        return new NestedDomain(parent, frames, stageOne);
    }

    // ---- devices

    /// Puts a device behind the unit, into its group's domain.
    ///
    /// @param aliases other requester ids by which its requests may come
    /// @throws HostException EEXIST if the requester id is another device's own; EINVAL if an alias is of another
    ///     group, or the device does not fit the group's domain
    public IommuDevice add(Bdf requester, List<Bdf> aliases, IommuGroup group, DeviceTraits traits) {
        steps.pass("iommu.add.device");
        var device = enter(requester, aliases, group, traits);
        try {
            group.join(device);
        } catch (HostException refused) {
            forget(device);
            throw refused;
        }
        trace.added(requester, group);
        return device;
    }

    private synchronized IommuDevice enter(Bdf requester, List<Bdf> aliases, IommuGroup group, DeviceTraits traits) {
        var ids = new LinkedHashSet<Bdf>();
        ids.add(requester);
        ids.addAll(aliases);
        if (owners.find(requester.bits()) != null) {
            throw new HostException(Errno.EEXIST, requester + " is behind " + settings.name() + " already");
        }
        for (var id : ids) {
            if (!isFree(owners.find(id.bits()), group) || !isFree(aliased.find(id.bits()), group)) {
                throw new HostException(Errno.EINVAL, id + " is of another group");
            }
        }
        ids.remove(requester);
        var contexts = new ArrayList<DmaContext>();
        contexts.add(new DmaContext(requester, this, group));
        owners.put(requester, contexts.getFirst());
        for (var id : ids) {
            contexts.add(holdAlias(id, group));
        }
        var device = new IommuDevice(requester, this, group, traits, contexts);
        devices.put(requester.bits(), device);
        return device;
    }

    private static boolean isFree(@Nullable DmaContext there, IommuGroup group) {
        return there == null || there.group() == group;
    }

    private DmaContext holdAlias(Bdf id, IommuGroup group) {
        var context = aliased.find(id.bits());
        if (context == null) {
            context = new DmaContext(id, this, group);
            aliased.put(id, context);
        }
        context.hold();
        return context;
    }

    /// Takes a device away. When it returns, not one byte moves by its own requester id any more, nor by those of its
    /// aliases that nobody else has.
    public void remove(IommuDevice device) {
        if (device.group().leave(device)) {
            forget(device);
            trace.removed(device.requester());
        }
    }

    /// Those behind it that are there now, by requester id.
    public synchronized List<IommuDevice> devices() {
        return List.copyOf(devices.values());
    }

    private synchronized void forget(IommuDevice device) {
        device.retire();
        devices.remove(device.requester().bits());
        for (var context : device.contexts()) {
            if (context.equals(device.dma())) {
                owners.put(context.requester(), null);
                context.close();
            } else if (context.drop()) {
                aliased.put(context.requester(), null);
                context.close();
            }
        }
    }

    /// The requester id's way to memory; null if it is nobody's. Whose own it is comes before those who have it as an
    /// alias.
    @Nullable
    DmaContext find(int requester) {
        var own = owners.find(requester);
        return own != null ? own : aliased.find(requester);
    }

    // ---- news

    /// Tells of requests that went nowhere, from now on. Of very many of one device in a
    /// short time, only some are told.
    public void onFault(DmaFaults listener) {
        faultLog.listen(listener);
    }

    /// Tells `listener` nothing more.
    public void dropFaultListener(DmaFaults listener) {
        faultLog.drop(listener);
    }

    /// Whose log hears of devices, domains and faults from now on.
    public void traceTo(Trace to) {
        trace = new IommuTrace(to, settings.name());
    }

    IommuTrace trace() {
        return trace;
    }

    /// Requests that went nowhere, told or not.
    public long faults() {
        return faultLog.count();
    }

    /// Those of them that nobody was told of.
    public long untoldFaults() {
        return faultLog.untold();
    }

    FaultLog faultLog() {
        return faultLog;
    }

    /// Where interrupts go from now on.
    public void onInterrupt(InterruptSink sink) {
        interrupts = sink;
    }

    void interrupt(Bdf requester, long address, byte[] bytes, int offset) {
        int data = bytes[offset] & 0xFF
                | (bytes[offset + 1] & 0xFF) << 8
                | (bytes[offset + 2] & 0xFF) << 16
                | bytes[offset + 3] << 24;
        interrupts.interrupt(requester, (int) address, data);
    }

    @Override
    public String toString() {
        return settings.name();
    }
}
