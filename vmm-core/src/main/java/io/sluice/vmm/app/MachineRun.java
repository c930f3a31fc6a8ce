package io.sluice.vmm.app;

import io.sluice.vmm.loop.EventLoop;
import io.sluice.vmm.loop.vertx.LoopEvents;
import io.sluice.vmm.loop.vertx.VertxLoops;
import io.sluice.vmm.machine.CharBackend;
import io.sluice.vmm.machine.Machine;
import io.sluice.vmm.machine.MachineConfig;
import io.sluice.vmm.machine.MachineEnd;
import io.sluice.vmm.machine.MachineException;
import io.sluice.vmm.machine.MachineHost;
import io.sluice.vmm.meter.MeterBoard;
import io.sluice.vmm.metrics.MetricsPlugin;
import io.sluice.vmm.plugin.PluginRegistry;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One machine from start to end, with the process around it. Everything but [LoopEvents] runs on the main thread.
final class MachineRun implements MachineHost, LoopEvents {
    private static final int IO_LOOPS = 1;

    private final PrintStream err;
    private final PrintStream log;
    private final Session session;
    private final VertxLoops loops = VertxLoops.start(IO_LOOPS, this);
    private final MeterBoard meters = new MeterBoard();
    private volatile @Nullable Machine machine;
    private @Nullable MachineEnd end;

    private MachineRun(MachineConfig config, PrintStream err, PrintStream log) {
        this.err = err;
        this.log = log;
        this.session = Session.open(config.serial(), config.debugConsole(), this::press);
        loops.hang(meters);
    }

    /// Runs a machine to its end.
    ///
    /// @return the exit status of the process
    /// @throws UsageException if the machine cannot be had
    static int run(MachineConfig config, PrintStream err) {
        var file = config.log().file();
        try (var log = file == null ? null : new PrintStream(file.toFile())) {
            return new MachineRun(config, err, log == null ? err : log).run(config);
        } catch (IOException e) {
            throw new UsageException(e.getMessage() == null ? "a file cannot be written" : e.getMessage());
        }
    }

    private int run(MachineConfig config) throws IOException {
        MachineEnd how;
        try (session) {
            how = work(config);
        } finally {
            loops.close();
        }
        if (how.message() != null) {
            err.println("sluice: " + how.message());
        }
        return how.status();
    }

    private MachineEnd work(MachineConfig config) throws IOException {
        try (var built = Machine.build(config, this)) {
            machine = built;
            built.start();
            session.console().run();
        } catch (MachineException e) {
            throw new UsageException(String.valueOf(e.getMessage()));
        }
        return end == null ? new MachineEnd(1, "standard output was closed") : end;
    }

    /// A key of the terminal's.
    private void press(EscapeKey key) {
        var running = machine;
        if (running == null) {
            return;
        }
        switch (key) {
            case QUIT -> running.quit();
            case HELP -> err.print(HelpText.keys());
            case MONITOR -> err.println("sluice: there is no monitor; Ctrl-A H shows the keys");
            case PAUSE -> {
                if (running.pause()) {
                    err.println("sluice: paused; Ctrl-A P goes on");
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
    public void log(String lines) {
        log.print(lines);
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
        err.println("sluice: a task held " + loop + " for " + nanos / 1_000_000 + " ms");
    }
}
