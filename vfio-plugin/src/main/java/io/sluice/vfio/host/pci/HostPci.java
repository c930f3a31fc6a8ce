package io.sluice.vfio.host.pci;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.iommu.IommuGroup;
import io.sluice.vfio.host.iommu.IommuUnit;
import io.sluice.vfio.host.memory.HostFrames;
import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.pci.DmaFault;
import io.sluice.vmm.pci.PciException;
import io.sluice.vmm.pci.PciFabric;
import io.sluice.vmm.trace.Trace;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The PCI side of one simulated host: its IOMMUs, its functions where the description puts them, their groups, drivers
/// and interrupts.
///
/// Methods are for threads that are in no strand. The hierarchy changes one call at a time; drivers are called without
/// a lock held.
public final class HostPci implements AutoCloseable {
    private static final long LAST_ADDRESS = (1L << 46) - 1;
    private static final int LAST_PORT = 0xFFFF;

    private final Steps steps;
    private final Map<String, IommuUnit> units = new LinkedHashMap<>();
    private final AddressSpace memory = new AddressSpace("host memory", LAST_ADDRESS);
    private final AddressSpace io = new AddressSpace("host ports", LAST_PORT);
    private final HostBus root = new HostBus(null, null);
    private final PciFabric fabric;
    private final FunctionMaker maker;
    private final HostVectors vectors;
    private final VfControl vfs;
    private final HostDrivers drivers;
    private final HostResets resets;
    private final Attachment attachment;
    private volatile DmaFault.Watch faults = fault -> {};

    /// What a host stands on.
    ///
    /// @param strands makes the serial place of one device
    public record Ground(
            HostFrames frames,
            Steps steps,
            Supplier<Strand> strands,
            DeviceModel.Catalogue models,
            Supplier<IommuGroup> groups,
            Trace trace) {}

    /// Builds a host.
    ///
    /// @throws HostConfigException if a device cannot be made as it is described
    /// @throws HostException ENOSPC if the host has not got the room
    public HostPci(HostConfig config, Ground ground) {
        this.steps = ground.steps();
        for (var settings : config.iommus()) {
            units.put(settings.name(), new IommuUnit(settings, ground.frames(), steps));
        }
        this.vectors = new HostVectors(steps);
        for (var unit : units.values()) {
            boolean remapped = unit.settings().interruptRemapping();
            unit.onInterrupt((requester, address, data) -> vectors.deliver(requester, address, data, remapped));
        }
        this.fabric = new PciFabric(memory, io, ground.trace());
        this.maker = new FunctionMaker(
                ground.models(), ground.strands(), new PeerRouting(memory), fault -> faults.faulted(fault), steps);
        this.attachment = new Attachment(units, new Groups(ground.groups()));
        this.vfs = new VfControl(this, steps, attachment);
        this.drivers = vfs.drivers();
        this.resets = new HostResets(steps);
        boolean built = false;
        try {
            build(config);
            built = true;
        } finally {
            if (!built) {
                close();
            }
        }
        drivers.register(new PortDriver(), functions());
    }

    private void build(HostConfig config) {
        var left = new ArrayList<>(config.functions());
        while (!left.isEmpty()) {
            // The description has been checked: each turn finds a bridge for some of what is left.
            int before = left.size();
            left.removeIf(function -> {
                boolean ready = function.behind() == null || find(function.behind()) != null;
                if (ready) {
                    put(function);
                }
                return ready;
            });
            if (left.size() == before) {
                throw new IllegalStateException("a description with a hole: " + left.getFirst());
            }
        }
        new Firmware().assign(root);
        attach(root);
    }

    /// As the kernel scans: a bus, and then what is behind its bridges.
    private void attach(HostBus bus) {
        for (var function : bus.functions()) {
            attachment.prepare(function);
        }
        for (var function : bus.functions()) {
            attachment.attach(function);
        }
        for (var function : bus.functions()) {
            var below = function.belowBus();
            if (below != null) {
                attach(below);
            }
        }
    }

    private HostBus busBehind(@Nullable String name) {
        if (name == null) {
            return root;
        }
        var bridge = find(name);
        var below = bridge == null ? null : bridge.belowBus();
        if (bridge == null || below == null || bridge.isGone()) {
            throw new HostException(Errno.ENODEV, "there is no bridge " + name);
        }
        return below;
    }

    private HostFunction put(FunctionConfig config) {
        var bus = busBehind(config.behind());
        var made = maker.make(config);
        boolean put = false;
        try {
            var function = new HostFunction(new HostFunction.Parts(
                    config,
                    config.name(),
                    bus,
                    config.devfn(),
                    made.pci(),
                    made.dma(),
                    made.pin(),
                    made.close(),
                    made.bridge(),
                    made.vfs(),
                    null));
            var above = bus.bridge();
            var behind = above == null ? null : above.bridge();
            if (made.bridge() != null) {
                fabric.add(behind, config.devfn(), made.bridge(), made.wires());
            } else {
                fabric.add(behind, config.devfn(), made.pci(), made.wires());
            }
            bus.add(function);
            put = true;
            return function;
        } catch (PciException refused) {
            throw new HostException(Errno.EEXIST, String.valueOf(refused.getMessage()));
        } finally {
            if (!put) {
                close(made.close(), made.vfs());
            }
        }
    }

    private static void close(Runnable device, @Nullable VirtualFunctions vfs) {
        device.run();
        if (vfs != null) {
            vfs.close();
        }
    }

    // ---- what there is

    /// All functions, as the kernel finds them: those of a bus, then what is behind its bridges.
    public synchronized List<HostFunction> functions() {
        var all = new ArrayList<HostFunction>();
        collect(root, all);
        return all;
    }

    private static void collect(HostBus bus, List<HostFunction> all) {
        all.addAll(List.of(bus.functions()));
        for (var function : bus.functions()) {
            var below = function.belowBus();
            if (below != null) {
                collect(below, all);
            }
        }
    }

    /// A function by its name in the description, or by `[0000:]bb:dd.f`.
    public @Nullable HostFunction find(String name) {
        var full = name.matches("[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]") ? "0000:" + name : name;
        for (var function : functions()) {
            if (function.label().equals(name) || function.name().equals(full)) {
                return function;
            }
        }
        return null;
    }

    /// All groups that have a member, by number.
    public List<IommuGroup> groups() {
        return functions().stream()
                .map(HostFunction::knownGroup)
                .filter(java.util.Objects::nonNull)
                .distinct()
                .sorted(java.util.Comparator.comparingInt(IommuGroup::id))
                .toList();
    }

    /// The functions of a group.
    public List<HostFunction> members(IommuGroup group) {
        return functions().stream()
                .filter(function -> group.equals(function.knownGroup()))
                .toList();
    }

    public List<IommuUnit> units() {
        return List.copyOf(units.values());
    }

    /// Where BARs are, in the host's physical addresses.
    public AddressSpace memory() {
        return memory;
    }

    public AddressSpace io() {
        return io;
    }

    public HostVectors vectors() {
        return vectors;
    }

    public HostDrivers drivers() {
        return drivers;
    }

    public HostResets resets() {
        return resets;
    }

    /// Says who hears of requests that failed, on the strand of the function that sent them.
    public void onDmaFault(DmaFault.Watch watch) {
        faults = watch;
    }

    // ---- what comes and goes

    /// Plugs a function in while the host runs, and offers it to the drivers. It joins its group as that is: if the
    /// group is owned, in the owner's domain.
    ///
    /// @throws HostConfigException if it does not fit where it is to sit
    /// @throws HostException ENOSPC if there is no room; EEXIST if the name or the place is taken; EBUSY, EINVAL if its
    ///     group does not take it. Nothing has changed then.
    public HostFunction plug(FunctionConfig wanted) {
        HostFunction function;
        synchronized (this) {
            steps.pass("host.pci.plug.slot");
            var config = place(wanted);
            function = put(config);
            boolean in = false;
            try {
                Firmware.addLater(function);
                attachment.prepare(function);
                attachment.attach(function);
                in = true;
            } finally {
                if (!in) {
                    attachment.detach(function);
                    drop(function);
                }
            }
        }
        drivers.offer(function);
        return function;
    }

    private FunctionConfig place(FunctionConfig wanted) {
        if (find(wanted.name()) != null) {
            throw new HostException(Errno.EEXIST, "there is a function " + wanted.name());
        }
        var present = new ArrayList<FunctionConfig>();
        for (var function : functions()) {
            if (!function.isVirtual()) {
                present.add(function.config());
            }
        }
        present.add(wanted);
        var settings = units.values().stream().map(IommuUnit::settings).toList();
        return new ConfigCheck(settings).check(present).getLast();
    }

    /// Takes a function out, and all that is behind it: drivers first, from the leaves. When this returns, nothing of
    /// them moves a byte or answers any more.
    ///
    /// @throws HostException ENODEV if it is gone already; EBUSY if a driver is being bound to one of them just now:
    ///     then that one and those above it stay
    public void unplug(HostFunction function) {
        if (function.isVirtual()) {
            throw new HostException(Errno.EINVAL, function + " goes with its physical function");
        }
        for (var below : function.below()) {
            if (!below.isVirtual()) {
                unplug(below);
            }
        }
        if (function.isGone()) {
            throw new HostException(Errno.ENODEV, function + " is gone");
        }
        vfs.disable(function);
        drivers.unbindForEver(List.of(function));
        for (var below : function.below()) {
            // It came while this one was going. Behind what is gone, nothing comes any more.
            if (!below.isVirtual()) {
                unplug(below);
            }
        }
        vfs.disable(function);
        synchronized (this) {
            attachment.detach(function);
            drop(function);
        }
    }

    private void drop(HostFunction function) {
        var bars = BarItem.of(function, function.bus().bridge() != null);
        Firmware.giveBack(function, bars);
        function.bus().remove(function);
        fabric.remove(function.pci());
        var virtual = function.vfs();
        if (virtual != null) {
            virtual.settle();
        }
        close(function::close, virtual);
    }

    /// Sets how many virtual functions a physical one has, as writing `sriov_numvfs` does.
    ///
    /// @throws HostException ERANGE if there cannot be as many; ENOENT if no driver has it, or that one does not enable
    ///     any; EBUSY if others are enabled, or one is being given to a driver. Nothing has changed then.
    public void setNumVfs(HostFunction physical, int count) {
        vfs.set(physical, count);
    }

    /// Takes everything out. Cannot fail.
    @Override
    public void close() {
        for (var function : List.of(root.functions())) {
            if (!function.isVirtual() && !function.isGone()) {
                unplug(function);
            }
        }
    }
}
