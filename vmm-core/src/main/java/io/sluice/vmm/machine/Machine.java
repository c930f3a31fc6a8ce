package io.sluice.vmm.machine;

import io.sluice.vmm.address.Gpa;
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
import io.sluice.vmm.disk.Drive;
import io.sluice.vmm.disk.Drives;
import io.sluice.vmm.machine.Lifecycle.State;
import io.sluice.vmm.memory.GuestRam;
import io.sluice.vmm.plugin.PluginException;
import io.sluice.vmm.plugin.PluginRegistry;
import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.Command.Nothing;
import io.sluice.vmm.qapi.EventType;
import io.sluice.vmm.qapi.RunState;
import io.sluice.vmm.qom.ObjectTree;
import io.sluice.vmm.trace.Item;
import io.sluice.vmm.trace.Trace;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A machine, from its parts to its end. All methods are for the thread that owns it, which is in no strand and on no
/// loop; what the guest and its devices ask for comes to that thread by [MachineHost#control].
public final class Machine implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Machine.class);
    private static final int SEED_BYTES = 32;
    private static final int CHUNK = 1 << 20;
    private static final int ACPI_SERIAL_PORTS = 2;

    private final MachineConfig config;
    private final MachineHost host;
    private MachineConfig.Life actions;
    private final Lifecycle life = new Lifecycle();
    private final PanicWatch panics;
    private final GuestRam ram;
    private final Trace trace;
    private final Board board;
    private final PluginRegistry registry;
    private final Drives drives = new Drives();
    private final PluginContext context;
    private final ObjectShelf objects;
    private final PluginBay plugins;
    private final MachineMeters meters;
    private final BootImage image;
    private final MachineTree tree;
    private final Debugger debugger;

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
        return PluginContext.newRegistry();
    }

    private Machine(MachineConfig config, MachineHost host, GuestRam ram) {
        this.config = config;
        this.actions = config.life();
        this.host = host;
        this.ram = ram;
        var power = new Power();
        boolean built = false;
        trace = new Trace(config.name(), host.log());
        trace.filter(config.log().filter());
        config.log().items().forEach(item -> trace.set(item, true));
        board = new Board(config, ram, host.vmLoop(), power, new Faults(), trace);
        debugger = new Debugger(this, board.memory, List.of(board.vcpu), host::control);
        panics = new PanicWatch(board.clock, reason -> host.control(() -> panicked(reason)));
        board.rtc.onSet(second -> emit(MachineEvents.RTC_CHANGE.with(
                new MachineEvents.RtcChange(second - Instant.now().getEpochSecond(), MachineTree.RTC))));
        board.pci.onDmaFault(fault -> emit(MachineEvents.DMA_FAULT.with(MachineEvents.DmaFaulted.of(fault))));
        registry = PluginContext.newRegistry();
        host.register(registry);
        context = new PluginContext(board, host, power, trace, drives);
        registry.greet(context);
        objects = new ObjectShelf(registry, context);
        plugins = new PluginBay(registry, board, context, host::control, this::tellOfDevice);
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

    private void showParts() {
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

    /// Where a debugger works on this machine.
    public DebugPort debugger() {
        return debugger;
    }

    // ---- life

    /// Lets the guest run, unless the machine shall start paused.
    ///
    /// @throws MachineException if the guest has too little memory for what it shall boot
    public void start() {
        powerUp("start");
        if (!actions.startsPaused()) {
            go(this::run);
        }
    }

    /// Any thread.
    public RunState runState() {
        return life.state().runState();
    }

    /// Stops vCPU and clock; `false` if the machine does not run.
    public boolean pause() {
        return stop(State.PAUSED);
    }

    /// Goes on after whatever stopped it; `false` if the machine runs, or only a reset can help.
    public boolean resume() {
        return resumeWith(this::run);
    }

    /// Goes on with `start` instead of letting everything run.
    boolean resumeWith(Runnable start) {
        return !life.state().needsReset() && go(start);
    }

    /// Resets the machine as its button does; `false` if it has ended. A machine that does not run waits for
    /// [#resume] then.
    public boolean reset(ShutdownCause cause) {
        return reset(cause, cause.text());
    }

    private boolean reset(ShutdownCause cause, String how) {
        if (hasEnded()) {
            return false;
        }
        var panic = panics.reason();
        if (panic != null && cause.isGuest()) {
            panicked(panic);
            if (life.state() != State.RUNNING) {
                return true;
            }
        }
        boolean goesOn = life.state() == State.RUNNING;
        if (actions.resetEnds()) {
            shutDown(cause, MachineEnd.ORDERLY);
        } else {
            halt();
            powerUp(how);
            emit(MachineEvents.RESET.with(new MachineEvents.Cause(cause)));
            if (goesOn) {
                run();
            } else {
                life.tryMove(State.PRELAUNCH);
            }
        }
        return true;
    }

    /// Changes what the guest's doings do; what is null stays.
    ///
    /// @param resetEnds as [MachineConfig.Life#resetEnds], and so on
    public void setActions(@Nullable Boolean resetEnds, @Nullable Boolean shutdownPauses, @Nullable PanicAction panic) {
        actions = new MachineConfig.Life(
                actions.startsPaused(),
                resetEnds == null ? actions.resetEnds() : resetEnds,
                shutdownPauses == null ? actions.shutdownPauses() : shutdownPauses,
                panic == null ? actions.panic() : panic);
    }

    /// Somebody ends the machine; the guest is not asked.
    public void quit(ShutdownCause cause) {
        end(cause, MachineEnd.ORDERLY);
    }

    /// Asks the guest to shut down, as the power button does.
    public void pressPowerButton() {
        board.acpiPm.pressPowerButton();
        emit(MachineEvents.POWERDOWN.with(Nothing.INSTANCE));
    }

    /// What can be seen of the machine from outside; reading changes nothing.
    public MachineView view() {
        return new MachineView(config, board, plugins::device);
    }

    /// An NMI for every vCPU, by the pin of its local APIC that boards have for it.
    public void injectNmi() {
        var pin = board.vcpu.apic().lint1();
        pin.set(true);
        pin.set(false);
    }

    /// What the machine was built from.
    public MachineConfig config() {
        return config;
    }

    /// The types of devices and objects that it can have.
    public PluginRegistry plugins() {
        return registry;
    }

    /// The commands that plugins have added to its control socket.
    public List<Command<?, ?>> pluginCommands() {
        return registry.commands(context);
    }

    /// Everything that the machine is made of.
    public ObjectTree tree() {
        return tree.tree();
    }

    /// Writes guest memory into `file`: `length` bytes from guest-physical `first` on. What is no RAM reads as ones.
    ///
    /// @throws IOException if the file cannot be written
    public void saveMemory(Gpa first, long length, Path file) throws IOException {
        try (var out = Files.newOutputStream(file)) {
            var chunk = new byte[CHUNK];
            for (long done = 0; done < length; done += CHUNK) {
                int size = (int) Math.min(CHUNK, length - done);
                board.readRam(first.bits() + done, chunk, size);
                out.write(chunk, 0, size);
            }
        }
    }

    /// Instructions that the guest has run.
    public long instructions() {
        return board.vcpu.instructions();
    }

    private boolean go(Runnable start) {
        if (!life.tryMove(State.RUNNING)) {
            return false;
        }
        emit(MachineEvents.RESUME.with(Nothing.INSTANCE));
        start.run();
        return true;
    }

    private void run() {
        startClock();
        board.vcpu.resume();
    }

    void startClock() {
        board.clock.start();
    }

    boolean stop(State to) {
        boolean ran = life.state() == State.RUNNING;
        if (!life.tryMove(to)) {
            return false;
        }
        halt();
        if (ran) {
            emit(MachineEvents.STOP.with(Nothing.INSTANCE));
            debugger.stopped(to);
        }
        return true;
    }

    private void halt() {
        board.vcpu.pause();
        board.clock.stop();
    }

    private void emit(EventType.Event<?> event) {
        host.emit(event);
    }

    /// The guest has ended: the machine with it, unless it shall stay to be looked at.
    private void shutDown(ShutdownCause cause, MachineEnd how) {
        if (!actions.shutdownPauses()) {
            end(cause, how);
        } else if (life.canMove(State.SHUTDOWN)) {
            emit(MachineEvents.SHUTDOWN.with(new MachineEvents.Cause(cause)));
            stop(State.SHUTDOWN);
        }
    }

    private boolean hasEnded() {
        return life.state() == State.ENDED || life.state() == State.CLOSED;
    }

    private void end(ShutdownCause cause, MachineEnd how) {
        if (life.tryMove(State.ENDED)) {
            halt();
            emit(MachineEvents.SHUTDOWN.with(new MachineEvents.Cause(cause)));
            debugger.ended(how.status());
            host.ended(how);
        }
    }

    private void panicked(String reason) {
        var action = actions.panic();
        if (action == PanicAction.SHUTDOWN && actions.shutdownPauses()) {
            action = PanicAction.PAUSE;
        }
        panics.clear();
        if (hasEnded()) {
            return;
        }
        emit(MachineEvents.GUEST_PANICKED.with(new MachineEvents.Panicked(action.outcome())));
        switch (action) {
            case NONE -> {}
            case PAUSE -> stop(State.PANICKED);
            case SHUTDOWN -> {
                stop(State.PANICKED);
                end(ShutdownCause.GUEST_PANIC, MachineEnd.ORDERLY);
            }
            case EXIT_FAILURE -> {
                stop(State.PANICKED);
                end(ShutdownCause.GUEST_PANIC, MachineEnd.failed("the guest's kernel panicked: " + reason));
            }
        }
    }

    /// We have failed: the machine ends, unless it shall stay to be looked at.
    private void broken(MachineEnd how) {
        if (!actions.shutdownPauses()) {
            end(ShutdownCause.HOST_ERROR, how);
        } else if (stop(State.FAILED)) {
            LOG.error("{}; the machine stays stopped", how.message());
        }
    }

    /// All devices as at power-on, memory as the loader fills it, the vCPU at the guest's first instruction. What the
    /// loader does not write stays, as RAM does through a reset.
    private void powerUp(String cause) {
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

    /// The machine's log.
    public Trace trace() {
        return trace;
    }

    // ---- devices and objects that come and go

    /// Adds a device; on a machine that has started, to a slot, and the guest is told.
    ///
    /// @throws PluginException if it cannot be had; then nothing is left of it
    public void addDevice(MachineConfig.Part part) {
        plugins.add(part);
        showParts();
    }

    /// Asks the guest to give up a device. What comes of it, an event tells; perhaps nothing does.
    ///
    /// @param id its id, or its path in the object tree
    /// @throws PluginException if there is none, or it cannot be asked for now
    public void unplugDevice(String id) {
        plugins.unplug(id);
    }

    /// @throws PluginException if it cannot be had; then nothing is left of it
    public void addObject(MachineConfig.Part part) {
        objects.add(part);
        showParts();
    }

    /// @throws PluginException if there is none, or a device has hold of it
    public void removeObject(String id) {
        objects.remove(id);
        showParts();
    }

    /// The devices that the user has added, in that order.
    public List<DeviceInfo> devices() {
        return plugins.list();
    }

    /// The drives, in the order in which they were said.
    public List<DriveInfo> drives() {
        return drives.list().stream().map(this::info).toList();
    }

    private DriveInfo info(Drive drive) {
        return new DriveInfo(
                drive.id(),
                plugins.list().stream()
                        .filter(device -> drive.isTaken()
                                && device.settings().stream()
                                        .anyMatch(s -> s.name().equals("drive")
                                                && s.value().equals(drive.id())))
                        .findFirst()
                        .map(device -> device.id() != null ? device.id() : device.path())
                        .orElse(null),
                drive.file(),
                drive.stats());
    }

    /// The objects that the user has added, in that order.
    public List<ObjectInfo> objects() {
        return objects.list();
    }

    /// Who hears of it finds the tree as it is now.
    private void tellOfDevice(EventType.Event<?> event) {
        showParts();
        emit(event);
    }

    // ---- the end

    /// Ends the machine if it has not ended, and gives back everything: threads, loops, memory.
    @Override
    public void close() {
        life.tryMove(State.ENDED);
        if (life.tryMove(State.CLOSED)) {
            trace.line(
                    Item.GUEST_ERRORS,
                    "accesses that nothing claimed: " + board.memory.unclaimed() + " of memory, " + board.io.unclaimed()
                            + " of ports");
            release();
        }
    }

    /// The vCPU first, then its devices, their drives, then what ran them; memory last, when nothing can reach it any
    /// more.
    private void release() {
        board.vcpu.close();
        plugins.close();
        objects.close();
        drives.close();
        meters.close();
        host.closeLoops();
        ram.close();
    }

    /// What devices ask of the machine's power. Any strand.
    private final class Power implements MachinePower {
        @Override
        public void powerOff() {
            board.vcpu.pauseSoon();
            host.control(() -> shutDown(ShutdownCause.GUEST_SHUTDOWN, MachineEnd.ORDERLY));
        }

        @Override
        public void reset(String cause) {
            board.vcpu.pauseSoon();
            host.control(() -> Machine.this.reset(ShutdownCause.GUEST_RESET, cause));
        }

        @Override
        public void exit(int status) {
            board.vcpu.pauseSoon();
            host.control(() -> end(ShutdownCause.GUEST_SHUTDOWN, new MachineEnd(status, null)));
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
            host.control(() -> broken(MachineEnd.internal("vcpu-" + vcpu, cause)));
        }
    }

    /// A loop's task failed; any thread.
    public void failed(String loop, Throwable cause) {
        board.vcpu.pauseSoon();
        host.control(() -> broken(MachineEnd.internal(loop, cause)));
    }

    private void tripleFault() {
        if (actions.resetEnds() && panics.reason() == null) {
            shutDown(ShutdownCause.GUEST_RESET, MachineEnd.failed("the guest's processor shut down (triple fault)"));
        } else {
            reset(ShutdownCause.GUEST_RESET, "triple fault");
        }
    }
}
