package io.sluice.vmm.machine;

import io.sluice.vmm.address.Gpa;
import io.sluice.vmm.cpu.VcpuEvents;
import io.sluice.vmm.device.MachinePower;
import io.sluice.vmm.disk.Drive;
import io.sluice.vmm.machine.Lifecycle.State;
import io.sluice.vmm.memory.GuestRam;
import io.sluice.vmm.plugin.Plugin;
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
import java.time.Instant;
import java.util.List;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A machine, from its parts to its end. All methods are for the thread that owns it, which is in no strand and on no
/// loop; what the guest and its devices ask for comes to that thread by [MachineHost#control].
public final class Machine implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Machine.class);
    private static final int CHUNK = 1 << 20;

    private final MachineConfig config;
    private final MachineHost host;
    private MachineConfig.Life actions;
    private final Lifecycle life = new Lifecycle();
    private final MachineParts parts;
    private final Board board;
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
        return PluginContext.newRegistry(ServiceLoader.load(Plugin.class));
    }

    private Machine(MachineConfig config, MachineHost host, GuestRam ram) {
        this.config = config;
        this.actions = config.life();
        this.host = host;
        parts = new MachineParts(
                config,
                host,
                ram,
                life,
                new MachineParts.Callers(new Power(), new Faults(), this::panicked, this::emit));
        board = parts.board;
        debugger = new Debugger(this, board.memory, List.of(board.vcpu), host::control);
        board.rtc.onSet(second -> emit(MachineEvents.RTC_CHANGE.with(
                new MachineEvents.RtcChange(second - Instant.now().getEpochSecond(), MachineTree.RTC))));
        board.pci.onDmaFault(fault -> emit(MachineEvents.DMA_FAULT.with(MachineEvents.DmaFaulted.of(fault))));
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
        parts.powerUp("start");
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
        var panic = parts.panics.reason();
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
            parts.powerUp(how);
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
        return new MachineView(config, board, parts.plugins::device);
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
        return parts.registry;
    }

    /// The commands that plugins have added to its control socket.
    public List<Command<?, ?>> pluginCommands() {
        return parts.registry.commands(parts.context);
    }

    /// Everything that the machine is made of.
    public ObjectTree tree() {
        return parts.tree.tree();
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
        parts.panics.clear();
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

    /// The machine's log.
    public Trace trace() {
        return parts.trace;
    }

    // ---- devices and objects that come and go

    /// Adds a device; on a machine that has started, to a slot, and the guest is told.
    ///
    /// @throws PluginException if it cannot be had; then nothing is left of it
    public void addDevice(MachineConfig.Part part) {
        parts.plugins.add(part);
        parts.showParts();
    }

    /// Asks the guest to give up a device. What comes of it, an event tells; perhaps nothing does.
    ///
    /// @param id its id, or its path in the object tree
    /// @throws PluginException if there is none, or it cannot be asked for now
    public void unplugDevice(String id) {
        parts.plugins.unplug(id);
    }

    /// @throws PluginException if it cannot be had; then nothing is left of it
    public void addObject(MachineConfig.Part part) {
        parts.objects.add(part);
        parts.showParts();
    }

    /// @throws PluginException if there is none, or a device has hold of it
    public void removeObject(String id) {
        parts.objects.remove(id);
        parts.showParts();
    }

    /// The devices that the user has added, in that order.
    public List<DeviceInfo> devices() {
        return parts.plugins.list();
    }

    /// What there is to see, in the order of the devices that show it.
    public List<DisplayHead> displays() {
        return parts.plugins.displays();
    }

    /// The drives, in the order in which they were said.
    public List<DriveInfo> drives() {
        return parts.drives.list().stream().map(this::info).toList();
    }

    private DriveInfo info(Drive drive) {
        return new DriveInfo(
                drive.id(),
                parts.plugins.list().stream()
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
        return parts.objects.list();
    }

    // ---- the end

    /// Ends the machine if it has not ended, and gives back everything: threads, loops, memory.
    @Override
    public void close() {
        life.tryMove(State.ENDED);
        if (life.tryMove(State.CLOSED)) {
            parts.trace.line(
                    Item.GUEST_ERRORS,
                    "accesses that nothing claimed: " + board.memory.unclaimed() + " of memory, " + board.io.unclaimed()
                            + " of ports");
            parts.release();
        }
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
        if (actions.resetEnds() && parts.panics.reason() == null) {
            shutDown(ShutdownCause.GUEST_RESET, MachineEnd.failed("the guest's processor shut down (triple fault)"));
        } else {
            reset(ShutdownCause.GUEST_RESET, "triple fault");
        }
    }
}
