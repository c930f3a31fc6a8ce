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
import io.sluice.vmm.device.MachinePower;
import io.sluice.vmm.machine.Lifecycle.State;
import io.sluice.vmm.memory.GuestRam;
import io.sluice.vmm.plugin.PluginRegistry;
import java.io.UncheckedIOException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/// A machine, from its parts to its end. All methods are for the thread that owns it, which is in no strand and on no
/// loop; what the guest and its devices ask for comes to that thread by [MachineHost#control].
public final class Machine implements AutoCloseable {
    private static final int SEED_BYTES = 32;
    private static final int ACPI_SERIAL_PORTS = 2;

    private final MachineConfig config;
    private final MachineHost host;
    private final Lifecycle life = new Lifecycle();
    private final PanicWatch panics;
    private final GuestRam ram;
    private final Board board;
    private final PluginBay plugins;
    private final MachineMeters meters;
    private final BootImage image;

    /// Builds a machine; nothing runs before [#start].
    ///
    /// @throws MachineException if it cannot be built so; then nothing is left of it, and the host's loops are closed
    public static Machine build(MachineConfig config, MachineHost host) {
        try {
            return new Machine(config, host, GuestRam.allocate(config.memoryBytes()));
        } catch (UncheckedIOException e) {
            host.closeLoops();
            throw new MachineException("-m: no memory for a guest of " + (config.memoryBytes() >> 20) + " MiB", e);
        }
    }

    /// Every device and object type that this program knows, for help.
    public static PluginRegistry registry() {
        return PluginBay.newRegistry();
    }

    private Machine(MachineConfig config, MachineHost host, GuestRam ram) {
        this.config = config;
        this.host = host;
        this.ram = ram;
        var power = new Power();
        boolean built = false;
        board = new Board(config, ram, host.vmLoop(), power, new Faults());
        panics = new PanicWatch(board.clock, reason -> host.control(() -> end(panicked(reason))));
        var registry = PluginBay.newRegistry();
        host.register(registry);
        plugins = new PluginBay(registry, board, host, power);
        meters = new MachineMeters(host.meters(), board, ram);
        meters.hangLife(life);
        try {
            addConsoles();
            var firmware = Firmware.build(board.layout, acpi(), List.of());
            new FirmwareItems(config, firmware).map(board);
            image = BootImage.read(bootConfig(firmware));
            config.objects().forEach(plugins::addObject);
            config.devices().forEach(plugins::addDevice);
            built = true;
        } catch (BootException | BusException e) {
            throw new MachineException(String.valueOf(e.getMessage()), e);
        } finally {
            if (!built) {
                release();
            }
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

    // ---- life

    /// Lets the guest run, unless the machine shall start paused.
    ///
    /// @throws MachineException if the guest has too little memory for what it shall boot
    public void start() {
        powerUp("start");
        if (!config.life().startsPaused()) {
            go();
        } else {
            life.tryMove(State.PAUSED);
        }
    }

    public boolean isPaused() {
        return life.state() == State.PAUSED;
    }

    /// Stops vCPU and clock; `false` if the machine does not run.
    public boolean pause() {
        if (!life.tryMove(State.PAUSED)) {
            return false;
        }
        halt();
        return true;
    }

    /// Goes on after [#pause]; `false` if the machine is not paused.
    public boolean resume() {
        if (life.state() != State.PAUSED) {
            return false;
        }
        go();
        return true;
    }

    /// Resets the machine as its button does; `false` if it has ended.
    public boolean reset(String cause) {
        boolean goesOn = life.state() == State.RUNNING;
        if (!life.tryMove(State.RESETTING)) {
            return false;
        }
        halt();
        var panic = panics.reason();
        if (panic != null) {
            end(panicked(panic));
        } else if (config.life().resetEnds()) {
            end(MachineEnd.ORDERLY);
        } else {
            powerUp(cause);
            if (goesOn) {
                go();
            } else {
                life.tryMove(State.PAUSED);
            }
        }
        return true;
    }

    /// Somebody ends the machine; the guest is not asked.
    public void quit() {
        end(MachineEnd.ORDERLY);
    }

    /// Asks the guest to shut down, as the power button does.
    public void pressPowerButton() {
        board.acpiPm.pressPowerButton();
    }

    /// Instructions that the guest has run.
    public long instructions() {
        return board.vcpu.instructions();
    }

    private void go() {
        if (life.tryMove(State.RUNNING)) {
            board.clock.start();
            board.vcpu.resume();
        }
    }

    private void halt() {
        board.vcpu.pause();
        board.clock.stop();
    }

    private void end(MachineEnd how) {
        if (life.tryMove(State.SHUTDOWN)) {
            halt();
            host.ended(how);
        }
    }

    private static MachineEnd panicked(String reason) {
        return MachineEnd.failed("the guest's kernel panicked: " + reason);
    }

    /// All devices as at power-on, memory as the loader fills it, the vCPU at the guest's first instruction. What the
    /// loader does not write stays, as RAM does through a reset.
    private void powerUp(String cause) {
        panics.clear();
        board.reset();
        plugins.reset();
        try {
            var entry = image.load(board.memory::dmaWrite);
            board.vcpu.reset(cpu -> {
                board.vcpu.apic().virtualWire();
                MemoryTypes.set(cpu);
                VcpuEntry.apply(entry, cpu);
                log(LogItem.CPU_RESET, () -> "CPU reset: " + cause + "\n" + CpuText.of(cpu));
            });
        } catch (BootException e) {
            throw new MachineException(String.valueOf(e.getMessage()), e);
        }
    }

    private void log(LogItem item, java.util.function.Supplier<String> text) {
        if (config.log().items().contains(item)) {
            host.log(text.get());
        }
    }

    // ---- the end

    /// Ends the machine if it has not ended, and gives back everything: threads, loops, memory.
    @Override
    public void close() {
        life.tryMove(State.SHUTDOWN);
        if (life.tryMove(State.CLOSED)) {
            log(
                    LogItem.GUEST_ERRORS,
                    () -> "accesses that nothing claimed: " + board.memory.unclaimed() + " of memory, "
                            + board.io.unclaimed() + " of ports\n");
            release();
        }
    }

    /// The vCPU first, then its devices, then what ran them; memory last, when nothing can reach it any more.
    private void release() {
        board.vcpu.close();
        plugins.close();
        meters.close();
        host.closeLoops();
        ram.close();
    }

    /// What devices ask of the machine's power. Any strand.
    private final class Power implements MachinePower {
        @Override
        public void powerOff() {
            board.vcpu.pauseSoon();
            host.control(() -> end(MachineEnd.ORDERLY));
        }

        @Override
        public void reset(String cause) {
            board.vcpu.pauseSoon();
            host.control(() -> Machine.this.reset(cause));
        }

        @Override
        public void exit(int status) {
            board.vcpu.pauseSoon();
            host.control(() -> end(new MachineEnd(status, null)));
        }
    }

    /// What a vCPU tells. On its thread.
    private final class Faults implements VcpuEvents {
        @Override
        public void shutDown(int vcpu) {
            host.control(Machine.this::tripleFault);
        }

        @Override
        public void failed(int vcpu, Throwable cause) {
            host.control(() -> end(MachineEnd.internal("vcpu-" + vcpu, cause)));
        }
    }

    /// A loop's task failed; any thread.
    public void failed(String loop, Throwable cause) {
        board.vcpu.pauseSoon();
        host.control(() -> end(MachineEnd.internal(loop, cause)));
    }

    private void tripleFault() {
        if (config.life().resetEnds() && panics.reason() == null) {
            end(MachineEnd.failed("the guest's processor shut down (triple fault)"));
        } else {
            reset("triple fault");
        }
    }
}
