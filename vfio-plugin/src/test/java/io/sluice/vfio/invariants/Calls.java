package io.sluice.vfio.invariants;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.memory.MemFile;
import io.sluice.vfio.host.process.Request;
import io.sluice.vfio.invariants.Files.Doc;
import io.sluice.vfio.invariants.Files.Proc;
import io.sluice.vfio.invariants.Spaces.Mem;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// How a call is chosen and made: with what fits, mostly; noted; sometimes with an inner step that fails; held to its
/// verdict.
final class Calls {
    static final int MEMORY_PAGES = 16;
    private static final int MEMORIES = 4;
    private static final int MISSES = 6;
    private static final int FAILURES = 20;

    final Random random;
    final Journal journal;
    final Model model;
    final World world;
    final Storm storm;
    final Auditor auditor;
    final List<Mem> memory = new ArrayList<>();

    /// What the last call that succeeded answered.
    long answer;

    /// Whether a step of the last call was to fail.
    boolean armed;

    Calls(long seed, Journal journal) {
        this.random = new Random(seed);
        this.journal = journal;
        world = new World();
        for (int i = 0; i < MEMORIES; i++) {
            memory.add(filled(MemFile.create(world.kernel.frames(), MEMORY_PAGES * Model.PAGE)));
        }
        var own = filled(world.own);
        model = new Model(own);
        storm = new Storm(model, random, journal);
        world.onReset(storm::inReset);
        var all = new ArrayList<>(memory);
        all.add(own);
        auditor = new Auditor(world, model, all);
    }

    private Mem filled(MemFile file) {
        var bytes = new byte[(int) file.size()];
        random.nextBytes(bytes);
        file.write(0, bytes, 0, bytes.length);
        return new Mem(file, bytes);
    }

    // ---- choices

    boolean odds(int of) {
        return random.nextInt(of) == 0;
    }

    long pages(int below) {
        return Model.PAGE * random.nextInt(below);
    }

    /// One of them; null if there is none.
    <T> @Nullable T any(Collection<T> all) {
        return any(all, one -> true);
    }

    private <T> @Nullable T any(Collection<T> all, Predicate<? super T> fits) {
        T found = null;
        int seen = 0;
        for (var one : all) {
            if (fits.test(one) && random.nextInt(++seen) == 0) {
                found = one;
            }
        }
        return found;
    }

    /// One that fits, mostly; any now and then, or if none fits.
    <T> @Nullable T aim(Collection<T> all, Predicate<? super T> fits) {
        var found = odds(MISSES) ? null : any(all, fits);
        return found == null ? any(all) : found;
    }

    /// An open file of a process.
    record Open<D extends Doc>(int fd, D doc) {}

    /// One that a process has, as the other.
    <D extends Doc> @Nullable Open<D> aim(Proc process, Class<D> kind, Predicate<? super D> fits) {
        var all = new ArrayList<Open<D>>();
        process.files.forEach((fd, doc) -> {
            if (kind.isInstance(doc)) {
                all.add(new Open<>(fd, kind.cast(doc)));
            }
        });
        return aim(all, open -> fits.test(open.doc));
    }

    // ---- calls

    /// A request that answers a number.
    interface Asked {
        long ask();
    }

    /// @return whether it was done
    boolean call(Action action, Object what, Verdict verdict, Asked request) {
        armed = odds(FAILURES);
        journal.begins(action, what, armed);
        if (armed) {
            world.steps.failNth(1 + random.nextInt(5));
        }
        try {
            answer = request.ask();
        } catch (HostException e) {
            boolean failed = armed && e.errno() == Errno.ENOMEM;
            journal.refused(action, e.errno(), failed);
            if (!failed && (verdict.must() || !verdict.errnos().contains(e.errno()))) {
                throw new Broken("refused with " + e.errno() + " (" + e.getMessage() + "), not " + verdict);
            }
            return false;
        } finally {
            if (armed) {
                world.steps.disarm();
            }
        }
        journal.done(action, answer);
        if (!verdict.may()) {
            throw new Broken("allowed, answering " + answer + ", but " + verdict);
        }
        return true;
    }

    private record Question(Proc process, int fd, Request<?> request) {
        @Override
        public String toString() {
            return process.real + " " + fd + " " + request;
        }
    }

    /// A request to an open file.
    ///
    /// @return whether it was done
    boolean ask(Action action, Proc process, int fd, Request<?> request, Verdict verdict) {
        return call(
                action,
                new Question(process, fd, request),
                verdict,
                () -> process.real.ioctl(fd, request) instanceof Number number ? number.longValue() : 0);
    }

    /// Something that cannot be refused, in which no step fails.
    void quietly(Action action, Object what, Runnable request) {
        journal.begins(action, what, false);
        request.run();
        journal.done(action, 0);
    }
}
