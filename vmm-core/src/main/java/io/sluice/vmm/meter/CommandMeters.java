package io.sluice.vmm.meter;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/// What a control socket counts: commands by name and outcome, their time, events by name. Any thread.
///
/// A client cannot make it grow: names beyond [#MOST_NAMES] are counted together.
public final class CommandMeters implements AutoCloseable {
    static final int MOST_NAMES = 256;
    private static final String OTHER = "other";

    private final MeterGroup group;
    private final Map<String, Command> commands = new ConcurrentHashMap<>();
    private final Map<String, LongAdder> events = new ConcurrentHashMap<>();

    private static final class Command {
        private final LongAdder done = new LongAdder();
        private final LongAdder refused = new LongAdder();
        private final LongHistogram time = LongHistogram.ofNanos();

        void count(boolean succeeded, long nanos) {
            (succeeded ? done : refused).increment();
            synchronized (time) {
                time.record(nanos);
            }
        }
    }

    public CommandMeters(MeterBoard board) {
        group = board.group();
    }

    /// A command was answered.
    ///
    /// @param name as in the table of commands; what is in no table is `unknown`
    /// @param nanos from the whole command's arrival to its answer
    public void answered(String name, boolean succeeded, long nanos) {
        var key = bounded(commands, name);
        commands.computeIfAbsent(key, this::newCommand).count(succeeded, nanos);
    }

    /// An event was sent.
    public void emitted(String name) {
        var key = bounded(events, name);
        events.computeIfAbsent(key, this::newEvent).increment();
    }

    private static String bounded(Map<String, ?> known, String name) {
        return known.size() < MOST_NAMES || known.containsKey(name) ? name : OTHER;
    }

    private Command newCommand(String name) {
        var made = new Command();
        outcome(name, "success", made.done);
        outcome(name, "error", made.refused);
        group.histogram(
                "sluice.qmp.command.time",
                Meter.Unit.SECONDS,
                "Time from a command's arrival to its answer",
                Map.of("command", name),
                made.time);
        return made;
    }

    private void outcome(String name, String outcome, LongAdder number) {
        group.counter(
                "sluice.qmp.commands",
                Meter.Unit.NONE,
                "Commands that were answered",
                Map.of("command", name, "outcome", outcome),
                number::sum);
    }

    private LongAdder newEvent(String name) {
        var made = new LongAdder();
        group.counter("sluice.qmp.events", Meter.Unit.NONE, "Events that were sent", Map.of("event", name), made::sum);
        return made;
    }

    /// The meters go; counting on is harmless.
    @Override
    public void close() {
        group.close();
    }
}
