package io.sluice.vmm.testkit;

import io.sluice.vmm.control.CharDeviceInfo;
import io.sluice.vmm.control.MachineCommands;
import io.sluice.vmm.control.OptionInfo;
import io.sluice.vmm.loop.EventLoop;
import io.sluice.vmm.loop.vertx.LoopEvents;
import io.sluice.vmm.loop.vertx.VertxLoops;
import io.sluice.vmm.machine.CharBackend;
import io.sluice.vmm.machine.Machine;
import io.sluice.vmm.machine.MachineConfig;
import io.sluice.vmm.machine.MachineEnd;
import io.sluice.vmm.machine.MachineHost;
import io.sluice.vmm.meter.MeterBoard;
import io.sluice.vmm.metrics.MetricsPlugin;
import io.sluice.vmm.plugin.Plugin;
import io.sluice.vmm.plugin.PluginRegistry;
import io.sluice.vmm.qapi.CommandTable;
import io.sluice.vmm.qapi.EventType;
import io.sluice.vmm.qapi.QapiEncoder;
import io.sluice.vmm.qapi.RunState;
import io.sluice.vmm.qmp.QmpAddress;
import io.sluice.vmm.qmp.QmpEndpoint;
import io.sluice.vmm.qmp.QmpEvents;
import io.sluice.vmm.qmp.QmpServer;
import io.sluice.vmm.trace.TraceSink;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// A machine with a process around it as a test needs it: text in, text out, and an owner thread of its own.
public final class MachineRig implements MachineHost, LoopEvents, AutoCloseable {
    private final VertxLoops loops = VertxLoops.start(1, this);
    private final MeterBoard meters = new MeterBoard();
    private final StringBuffer said = new StringBuffer();
    private final List<Thread> ownerThreads = new CopyOnWriteArrayList<>();
    private final ExecutorService owner = Executors.newSingleThreadExecutor(this::ownerThread);
    private final List<TextConsole> consoles = new ArrayList<>();
    private final TextConsole debugConsole = new TextConsole();
    private final CompletableFuture<MachineEnd> end = new CompletableFuture<>();
    private final List<EventType.Event<?>> events = new CopyOnWriteArrayList<>();
    private final StringBuffer log = new StringBuffer();
    private volatile @Nullable QmpServer control;
    private final @Nullable List<? extends Plugin> plugins;
    private @Nullable Machine machine;

    private MachineRig(int ports, @Nullable List<? extends Plugin> plugins) {
        this.plugins = plugins;
        for (int i = 0; i < ports; i++) {
            consoles.add(new TextConsole());
        }
    }

    private Thread ownerThread(Runnable task) {
        var thread = new Thread(task, "machine-owner");
        ownerThreads.add(thread);
        return thread;
    }

    /// Builds and starts a machine; what the build refuses is thrown, and nothing is left.
    public static MachineRig start(MachineConfig config) {
        return start(config, null);
    }

    /// As [#start(MachineConfig)].
    ///
    /// @param plugins the only ones that the machine has; null for all that are to be found
    public static MachineRig start(MachineConfig config, @Nullable List<? extends Plugin> plugins) {
        var rig = new MachineRig(config.serial().size(), plugins);
        rig.loops.hang(rig.meters);
        try {
            rig.machine = Machine.build(config, rig);
            rig.ask(started -> {
                started.start();
                return true;
            });
        } catch (RuntimeException e) {
            rig.close();
            throw e;
        }
        return rig;
    }

    /// Opens a control socket with all commands of the machine, as the program does.
    ///
    /// @param id name of its character device
    /// @param options what the machine was asked for, for clients that ask
    /// @return its commands, those of the protocol included
    public CommandTable serve(Path socket, String id, List<OptionInfo> options) {
        var chardev = new CharDeviceInfo(id, "unix:" + socket + ",server=on");
        var table = ask(served -> new CommandTable(
                MachineCommands.of(served, options, List.of(chardev)), MachineCommands.events(served)));
        var endpoint = new QmpEndpoint(id, new QmpAddress.Unix(socket), true, false, 0, false);
        var server = QmpServer.open(List.of(endpoint), table, this::runState, owner, loops.vertx(), QmpEvents.NONE);
        control = server;
        return server.table();
    }

    /// The machine's run state, as any thread may ask for it.
    public RunState runState() {
        var asked = machine;
        if (asked == null) {
            throw new IllegalStateException("there is no machine");
        }
        return asked.runState();
    }

    /// COM1.
    public TextConsole console() {
        return consoles.getFirst();
    }

    public TextConsole console(int index) {
        return consoles.get(index);
    }

    public TextConsole debug() {
        return debugConsole;
    }

    /// What the process would have said on standard error.
    public String said() {
        return said.toString();
    }

    public String logged() {
        return log.toString();
    }

    /// Does `question` on the owner's thread and waits for its answer.
    public <T> T ask(Function<Machine, T> question) {
        var asked = machine;
        if (asked == null) {
            throw new IllegalStateException("there is no machine");
        }
        try {
            return owner.submit(() -> question.apply(asked)).get(60, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        } catch (InterruptedException | TimeoutException e) {
            throw new IllegalStateException("the machine's owner does not answer", e);
        }
    }

    public boolean hasEnded() {
        return end.isDone();
    }

    /// How the machine ended, within `limit`; otherwise the test fails and shows the console.
    public MachineEnd awaitEnd(Duration limit) {
        try {
            return end.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new AssertionError(
                    "the machine has not ended; its console:\n"
                            + (consoles.isEmpty() ? "" : console().text()),
                    e);
        }
    }

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
    public Iterable<? extends Plugin> plugins() {
        return plugins == null ? MachineHost.super.plugins() : plugins;
    }

    @Override
    public void register(PluginRegistry registry) {
        new MetricsPlugin(loops::vertx, line -> said.append(line).append('\n')).register(registry);
    }

    @Override
    public void closeLoops() {
        loops.close();
    }

    @Override
    public void control(Runnable task) {
        owner.execute(task);
    }

    @Override
    public List<CharBackend> serial() {
        return List.copyOf(consoles);
    }

    @Override
    public CharBackend debugConsole() {
        return debugConsole;
    }

    @Override
    public void ended(MachineEnd how) {
        end.complete(how);
        var served = control;
        if (served != null) {
            // As the program does when its machine has ended; the command that ended it is answered first.
            owner.execute(served::close);
        }
    }

    @Override
    public void emit(EventType.Event<?> event) {
        events.add(event);
        var served = control;
        if (served != null) {
            served.sink().emit(event);
        }
    }

    /// What the machine has told of itself so far: `NAME` or `NAME {members}`.
    public List<String> events() {
        return events.stream()
                .map(e -> (e.type().name() + " " + QapiEncoder.structure(e.data())).replace(" {}", ""))
                .toList();
    }

    /// Those of [#events] that tell what became of devices.
    public List<String> deviceEvents() {
        return events().stream().filter(told -> told.startsWith("DEVICE_")).toList();
    }

    @Override
    public TraceSink log() {
        return told -> log.append(told.text()).append(told.text().endsWith("\n") ? "" : "\n");
    }

    @Override
    public void failed(String loop, Throwable failure) {
        end.complete(new MachineEnd(70, loop + ": " + failure));
    }

    @Override
    public void blocked(String loop, long nanos) {}

    @Override
    public void close() {
        var served = control;
        if (served != null) {
            served.close();
        }
        if (machine != null) {
            ask(ended -> {
                ended.close();
                return true;
            });
        }
        owner.shutdown();
        for (var thread : ownerThreads) {
            try {
                thread.join(10_000);
            } catch (InterruptedException e) {
                throw new AssertionError("interrupted", e);
            }
        }
    }
}
