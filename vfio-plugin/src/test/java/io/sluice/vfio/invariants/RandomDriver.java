package io.sluice.vfio.invariants;

import io.sluice.vfio.invariants.Files.Proc;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Makes random calls from several processes, with devices that send all along, and compares the host with a model. One
/// thread, and nothing that depends on time: a seed replays exactly.
public final class RandomDriver implements Driver {
    /// Pages of I/O virtual addresses that are used.
    static final int WINDOW = 64;

    static final int USERS = 3;
    private static final int ROUND = 5000;
    private static final int AUDIT = 200;
    private static final int LEAST_PROCESSES = 3;
    private static final int MOST_PROCESSES = 5;
    private static final int DEPTH = 8;

    private final Tally tally = new Tally();
    private final @Nullable Consumer<String> trace;

    public RandomDriver() {
        this(null);
    }

    /// @param trace is told everything that is done
    RandomDriver(@Nullable Consumer<String> trace) {
        this.trace = trace;
    }

    /// Of all its runs.
    Tally tally() {
        return tally;
    }

    @Override
    public Outcome drive(long seed, long most) {
        var journal = new Journal(tally, trace);
        try {
            new Run(seed, journal).run(most);
        } catch (Broken difference) {
            return new Outcome(seed, journal.count(), Outcome.Kind.DIFFERED, text(difference, journal));
        } catch (RuntimeException wrong) {
            // Whatever the host throws is told with its seed.
            return new Outcome(seed, journal.count(), Outcome.Kind.CRASHED, text(wrong, journal));
        }
        return new Outcome(seed, journal.count(), Outcome.Kind.AGREED, "");
    }

    private static String text(RuntimeException wrong, Journal journal) {
        var trace = Stream.of(wrong.getStackTrace()).limit(DEPTH).map(frame -> "\n    " + frame);
        return wrong + trace.collect(Collectors.joining()) + "\n" + journal.history();
    }

    private record Choice(int weight, Consumer<Proc> make) {}

    private static final class Run {
        private final Calls calls;
        private final Journal journal;
        private final FileCalls files;
        private final SpaceCalls spaces;
        private final HostCalls host;
        private final DeviceCalls devices;
        private final List<Choice> choices;
        private final int weights;

        Run(long seed, Journal journal) {
            this.journal = journal;
            calls = new Calls(seed, journal);
            files = new FileCalls(calls);
            spaces = new SpaceCalls(calls);
            host = new HostCalls(calls);
            devices = new DeviceCalls(calls, spaces, host);
            choices = choices();
            weights = choices.stream().mapToInt(Choice::weight).sum();
        }

        private List<Choice> choices() {
            return List.of(
                    new Choice(10, files::openContext),
                    new Choice(20, files::openMemory),
                    new Choice(10, files::openMachine),
                    new Choice(40, files::close),
                    new Choice(20, files::copy),
                    new Choice(10, files::keep),
                    new Choice(4, this::fork),
                    new Choice(4, files::exec),
                    new Choice(3, files::exit),
                    new Choice(30, spaces::alloc),
                    new Choice(120, spaces::map),
                    new Choice(20, spaces::copy),
                    new Choice(60, spaces::unmap),
                    new Choice(40, spaces::allocTable),
                    new Choice(20, spaces::destroy),
                    new Choice(15, spaces::nameCompat),
                    new Choice(50, devices::open),
                    new Choice(60, devices::bind),
                    new Choice(60, devices::attach),
                    new Choice(60, devices::attachPasid),
                    new Choice(25, devices::detach),
                    new Choice(25, devices::detachPasid),
                    new Choice(10, devices::reset),
                    new Choice(20, devices::resetHot),
                    new Choice(20, devices::openGroup),
                    new Choice(20, devices::setContainer),
                    new Choice(14, devices::unsetContainer),
                    new Choice(30, devices::openByGroup),
                    new Choice(40, process -> devices.pin()),
                    new Choice(15, process -> devices.unpin()),
                    new Choice(40, process -> files.mapPasid()),
                    new Choice(20, process -> files.unmapPasid()),
                    new Choice(30, process -> host.drive()),
                    new Choice(10, process -> host.virtual()),
                    new Choice(15, process -> host.createMdev()),
                    new Choice(8, process -> host.removeMdev()));
        }

        private void fork(Proc process) {
            if (calls.model.procs.size() < MOST_PROCESSES) {
                files.fork(process);
            }
        }

        void run(long most) {
            drive(most);
            calls.world.host.close();
            calls.memory.forEach(mem -> mem.file().release());
            calls.world.own.release();
            calls.world.kernel.close();
        }

        private void drive(long most) {
            long round = 0;
            long audit = 0;
            while (journal.count() < most) {
                long before = journal.count();
                turn();
                if (journal.count() == before) {
                    continue;
                }
                calls.auditor.structure();
                calls.storm.blow(host.requesters);
                if (journal.count() - audit >= AUDIT) {
                    audit = journal.count();
                    calls.auditor.canaries();
                    host.forget();
                }
                if (journal.count() - round >= ROUND) {
                    round = journal.count();
                    closeAll();
                }
            }
            closeAll();
        }

        private void closeAll() {
            files.closeAll();
            calls.auditor.structure();
            calls.storm.blow(host.requesters);
            calls.auditor.nothingIsLeft();
            host.forget();
        }

        private void turn() {
            while (calls.model.procs.size() < LEAST_PROCESSES) {
                files.start();
            }
            var procs = calls.model.procs;
            var process = procs.get(calls.random.nextInt(procs.size()));
            if (process.files.size() >= FileCalls.MOST_FILES) {
                files.close(process);
                return;
            }
            int choice = calls.random.nextInt(weights);
            for (var call : choices) {
                choice -= call.weight;
                if (choice < 0) {
                    call.make.accept(process);
                    return;
                }
            }
        }
    }
}
