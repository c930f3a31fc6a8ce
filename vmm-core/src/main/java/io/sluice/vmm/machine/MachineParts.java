package io.sluice.vmm.machine;

import io.sluice.vmm.boot.BootConfig;
import io.sluice.vmm.boot.BootException;
import io.sluice.vmm.boot.BootFile;
import io.sluice.vmm.boot.BootImage;
import io.sluice.vmm.boot.Firmware;
import io.sluice.vmm.boot.VcpuEntry;
import io.sluice.vmm.boot.acpi.AcpiConfig;
import io.sluice.vmm.bus.BusException;
import io.sluice.vmm.cpu.VcpuEvents;
import io.sluice.vmm.cpu.state.CpuText;
import io.sluice.vmm.device.MachinePower;
import io.sluice.vmm.disk.DiskException;
import io.sluice.vmm.disk.Drives;
import io.sluice.vmm.memory.GuestRam;
import io.sluice.vmm.plugin.PluginException;
import io.sluice.vmm.plugin.PluginRegistry;
import io.sluice.vmm.qapi.EventType;
import io.sluice.vmm.trace.Item;
import io.sluice.vmm.trace.Trace;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/// What a machine is made of, wired: it is put together, set to its state at power-on, and taken apart. For the thread
/// that owns the machine.
final class MachineParts {
    /// Whom the parts call.
    ///
    /// @param panicked the guest's kernel has panicked, and why; on the thread that owns the machine, as the next
    /// @param deviceEvents a device has gone, or shall not go
    record Callers(MachinePower power, VcpuEvents faults, Consumer<String> panicked, EventType.Sink deviceEvents) {}

    private static final int SEED_BYTES = 32;
    private static final int ACPI_SERIAL_PORTS = 2;

    final Board board;
    final Trace trace;
    final PanicWatch panics;
    final PluginRegistry registry;
    final PluginContext context;
    final Drives drives = new Drives();
    final ObjectShelf objects;
    final PluginBay plugins;
    final MachineTree tree;
    private final MachineConfig config;
    private final MachineHost host;
    private final GuestRam ram;
    private final MachineMeters meters;
    private final BootImage image;

    /// @param life for the machine's meters
    /// @throws MachineException if it cannot be built so; then nothing is left of it, and the host's loops are closed
    MachineParts(MachineConfig config, MachineHost host, GuestRam ram, Lifecycle life, Callers callers) {
        this.config = config;
        this.host = host;
        this.ram = ram;
        boolean built = false;
        trace = new Trace(config.name(), host.log());
        trace.filter(config.log().filter());
        config.log().items().forEach(item -> trace.set(item, true));
        board = new Board(config, ram, host.vmLoop(), callers.power(), callers.faults(), trace);
        panics = new PanicWatch(
                board.clock, reason -> host.control(() -> callers.panicked().accept(reason)));
        registry = PluginContext.newRegistry(host.plugins());
        host.register(registry);
        context = new PluginContext(board, host, callers.power(), trace, drives);
        registry.greet(context);
        objects = new ObjectShelf(registry, context);
        plugins = new PluginBay(registry, board, context, host::control, event -> {
            showParts();
            callers.deviceEvents().emit(event);
        });
        meters = new MachineMeters(host.meters(), board, ram);
        meters.hangLife(life);
        tree = new MachineTree(config, board);
        try {
            addConsoles();
            var firmware = Firmware.build(board.layout, acpi(), List.of());
            new FirmwareItems(config, firmware).map(board);
            image = BootImage.read(bootConfig(firmware));
            config.drives().forEach(this::open);
            config.objects().forEach(part -> add("-object", part, objects::add));
            config.devices().forEach(part -> add("-device", part, plugins::add));
            showParts();
            built = true;
        } catch (BootException | BusException e) {
            throw new MachineException(String.valueOf(e.getMessage()), e);
        } finally {
            if (!built) {
                release();
            }
        }
    }

    /// Has the object tree show what there is now.
    void showParts() {
        tree.show(plugins.list(), objects.list());
    }

    private static void add(String option, MachineConfig.Part part, Consumer<MachineConfig.Part> adder) {
        try {
            adder.accept(part);
        } catch (PluginException e) {
            throw new MachineException(option + " " + part.type() + ": " + e.getMessage(), e);
        }
    }

    private void open(MachineConfig.Drive drive) {
        try {
            drives.open(drive.id(), drive.file(), drive.readOnly());
        } catch (DiskException e) {
            throw new MachineException("-drive file=" + drive.file() + ",id=" + drive.id() + ": " + e.getMessage(), e);
        }
    }

    private void addConsoles() {
        for (int i = 0; i < config.serial().size(); i++) {
            if (!(config.serial().get(i) instanceof CharTarget.Absent)) {
                board.addSerial(i, host.serial().get(i), panics);
                meters.hangSerial(i, board.serial.getLast().counters());
            }
        }
        if (config.debugConsole() != null) {
            board.addDebugConsole(host.debugConsole());
        }
    }

    private AcpiConfig acpi() {
        var ports = IntStream.range(
                        0, Math.min(ACPI_SERIAL_PORTS, config.serial().size()))
                .filter(i -> !(config.serial().get(i) instanceof CharTarget.Absent))
                .mapToObj(i -> new AcpiConfig.SerialPort(i + 1, Q35Map.serialPort(i), Q35Map.serialIrq(i)))
                .toList();
        return AcpiConfig.board(config.cpus().count()).withSerialPorts(ports);
    }

    private BootConfig bootConfig(Firmware firmware) {
        var boot = config.boot();
        var kernel = BootFile.read("kernel", boot.kernel());
        var modules = new ArrayList<BootFile>();
        if (boot.initrd() != null && BootImage.takesModules(kernel.bytes())) {
            modules.addAll(BootFile.readModules(boot.initrd().toString()));
        } else if (boot.initrd() != null) {
            modules.add(BootFile.read("initrd", boot.initrd()));
        }
        var seed = new byte[SEED_BYTES];
        new SecureRandom().nextBytes(seed);
        return new BootConfig(kernel, modules, boot.append(), boot.decompress(), seed, firmware);
    }

    /// All devices as at power-on, memory as the loader fills it, the vCPU at the guest's first instruction. What the
    /// loader does not write stays, as RAM does through a reset.
    void powerUp(String cause) {
        panics.clear();
        plugins.finishUnplugs();
        board.reset();
        plugins.reset();
        try {
            var entry = image.load(board.memory::dmaWrite);
            board.vcpu.reset(cpu -> {
                board.vcpu.apic().virtualWire();
                MemoryTypes.set(cpu);
                VcpuEntry.apply(entry, cpu);
                if (trace.on(Item.CPU_RESET)) {
                    trace.line(Item.CPU_RESET, "CPU Reset (CPU 0): " + cause + "\n" + CpuText.of(cpu));
                }
            });
        } catch (BootException e) {
            throw new MachineException(String.valueOf(e.getMessage()), e);
        }
    }

    /// The vCPU first, then its devices, their drives, then what ran them; memory last, when nothing can reach it any
    /// more.
    void release() {
        board.vcpu.close();
        plugins.close();
        objects.close();
        drives.close();
        meters.close();
        host.closeLoops();
        ram.close();
    }
}
