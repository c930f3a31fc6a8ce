package io.sluice.vmm.app;

import io.sluice.vmm.gdb.GdbListenException;
import io.sluice.vmm.gdb.GdbServer;
import io.sluice.vmm.gdb.GdbStream;
import io.sluice.vmm.gdb.GdbTarget;
import io.sluice.vmm.log.LogFile;
import io.sluice.vmm.log.Messages;
import io.sluice.vmm.loop.EventLoop;
import io.sluice.vmm.loop.vertx.LoopEvents;
import io.sluice.vmm.loop.vertx.VertxLoops;
import io.sluice.vmm.machine.CharBackend;
import io.sluice.vmm.machine.Machine;
import io.sluice.vmm.machine.MachineConfig;
import io.sluice.vmm.machine.MachineEnd;
import io.sluice.vmm.machine.MachineException;
import io.sluice.vmm.machine.MachineHost;
import io.sluice.vmm.machine.ShutdownCause;
import io.sluice.vmm.meter.MeterBoard;
import io.sluice.vmm.metrics.MetricsPlugin;
import io.sluice.vmm.plugin.PluginRegistry;
import io.sluice.vmm.qapi.EventType;
import io.sluice.vmm.trace.TraceSink;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.InvalidPathException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One machine from start to end, with the process around it. Everything but [LoopEvents] runs on the main thread.
final class MachineRun implements MachineHost, LoopEvents {
    private static final Logger LOG = LoggerFactory.getLogger(MachineRun.class);
    private static final int IO_LOOPS = 1;

    private final Doors doors;
    private final PrintStream err;
    private final TraceSink log;
    private final Messages messages;
    private final Session session;
    private final VertxLoops loops = VertxLoops.start(IO_LOOPS, this);
    private final MeterBoard meters = new MeterBoard();
    private volatile @Nullable Machine machine;
    private volatile @Nullable ControlSockets control;
    /// The machine has started, and the main thread hears what is asked of it.
    private volatile boolean lives;
    private @Nullable MachineEnd end;

    private MachineRun(MachineConfig config, Doors doors, PrintStream err, Messages messages, TraceSink log) {
        this.doors = doors;
        this.err = err;
        this.messages = messages;
        this.log = log;
        this.session = Session.open(
                config.serial(), config.debugConsole(), doors.debugger() instanceof GdbTarget.Stdio, this::press);
        loops.hang(meters);
    }

    /// Runs a machine to its end.
    ///
    /// @param doors the ways in from outside
    /// @return the exit status of the process
    /// @throws UsageException if the machine cannot be had
    static int run(MachineConfig config, Doors doors, PrintStream err, Messages messages) {
        var name = config.log().file();
        try (var file = name == null ? null : open(name)) {
            return new MachineRun(config, doors, err, messages, file == null ? messages.log() : file).run(config);
        } catch (IOException e) {
            throw new UsageException(e.getMessage() == null ? "a file cannot be written" : e.getMessage());
        }
    }

    private static LogFile open(String name) {
        try {
            return LogFile.text(name);
        } catch (IOException | InvalidPathException e) {
            throw new UsageException("-D " + name + ": cannot be written (" + e.getMessage() + ")");
        }
    }

    private int run(MachineConfig config) throws IOException {
        MachineEnd how;
        try (var guard = SignalGuard.over(this::signalled)) {
            how = workAndClose(config);
        }
        if (how.message() != null) {
            LOG.error("{}", how.message());
        }
        return how.status();
    }

    private MachineEnd workAndClose(MachineConfig config) throws IOException {
        try (session) {
            return work(config);
        } finally {
            loops.close();
        }
    }

    private boolean signalled() {
        var running = machine;
        if (running == null || !lives) {
            return false;
        }
        control(() -> running.quit(ShutdownCause.HOST_SIGNAL));
        return true;
    }

    private MachineEnd work(MachineConfig config) throws IOException {
        try (var built = Machine.build(config, this);
                var server = waitForDebugger(built);
                var sockets = openControl(built)) {
            machine = built;
            messages.tell(built.trace());
            control = sockets;
            if (sockets != null) {
                sockets.awaitFirstClient();
            }
            lives = true;
            built.start();
            session.console().run();
        } catch (MachineException e) {
            throw new UsageException(String.valueOf(e.getMessage()));
        }
        return end == null ? new MachineEnd(1, "standard output was closed") : end;
    }

    private @Nullable ControlSockets openControl(Machine built) {
        return doors.control().isEmpty()
                ? null
                : ControlSockets.open(built, doors, loops.vertx(), this::control, meters);
    }

    /// @return what is to be closed at the end, if anything is
    private @Nullable GdbServer waitForDebugger(Machine built) {
        try {
            return switch (doors.debugger()) {
                case null -> null;
                case GdbTarget.Tcp tcp -> GdbServer.listen(loops.vertx(), tcp, built.debugger(), this::control);
                case GdbTarget.Unix unix -> GdbServer.listen(loops.vertx(), unix, built.debugger(), this::control);
                case GdbTarget.Stdio stdio -> {
                    var channel = Objects.requireNonNull(session.debugger(), "standard input and output");
                    channel.whenEnded(GdbStream.open(channel, built.debugger(), this::control)::end);
                    yield null;
                }
            };
        } catch (GdbListenException e) {
            throw new UsageException("-gdb: " + e.getMessage());
        }
    }

    /// A key of the terminal's.
    private void press(EscapeKey key) {
        var running = machine;
        if (running == null) {
            return;
        }
        switch (key) {
            case QUIT -> running.quit(ShutdownCause.HOST_UI);
            case HELP -> err.print(HelpText.keys());
            case MONITOR -> LOG.info("there is no monitor; Ctrl-A H shows the keys");
            case PAUSE -> {
                if (running.pause()) {
                    LOG.info("paused; Ctrl-A P goes on");
                } else {
                    running.resume();
                }
            }
            case SEND -> throw new IllegalStateException("Ctrl-A A is the guest's");
        }
    }

    // ---- what the machine is given

    @Override
    public EventLoop vmLoop() {
        return loops.vm();
    }

    @Override
    public EventLoop ioLoop(int index) {
        return loops.io(index);
    }

    @Override
    public MeterBoard meters() {
        return meters;
    }

    @Override
    public void register(PluginRegistry registry) {
        new MetricsPlugin(loops::vertx, line -> err.println("sluice: " + line)).register(registry);
    }

    @Override
    public void closeLoops() {
        loops.close();
    }

    @Override
    public void control(Runnable task) {
        session.console().execute(task);
    }

    @Override
    public List<CharBackend> serial() {
        return session.serial();
    }

    @Override
    public CharBackend debugConsole() {
        return session.debugConsole();
    }

    @Override
    public void ended(MachineEnd how) {
        end = how;
        session.console().stop();
    }

    @Override
    public void emit(EventType.Event<?> event) {
        var watchers = control;
        if (watchers != null) {
            watchers.emit(event);
        }
    }

    @Override
    public TraceSink log() {
        return log;
    }

    // ---- what the loops tell

    @Override
    public void failed(String loop, Throwable failure) {
        var running = machine;
        if (running != null) {
            running.failed(loop, failure);
        }
    }

    @Override
    public void blocked(String loop, long nanos) {
        LOG.warn("a task held {} for {} ms", loop, nanos / 1_000_000);
    }
}
