package io.sluice.vfio.host.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.memory.MemFile;
import io.sluice.vmm.address.Pasid;
import io.sluice.vmm.trace.Item;
import io.sluice.vmm.trace.Trace;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class ProcessTest {
    /// Adds to what it holds.
    record Add(int amount) implements Request<Integer> {}

    record Fail() implements Request<Nothing> {}

    record Unknown() implements Request<Nothing> {}

    private static final class Counter extends OpenFile {
        static final RequestTable<Counter> REQUESTS = RequestTable.of("counter", Counter.class)
                .on("COUNTER_ADD", Add.class, (file, caller, request) -> file.sum += request.amount)
                .on("COUNTER_FAIL", Fail.class, (file, caller, request) -> {
                    throw file.refuse(Errno.EBUSY, "it counts");
                });

        int sum;
        boolean released;

        @Override
        public RequestTable<?> requests() {
            return REQUESTS;
        }

        @Override
        protected void released() {
            released = true;
        }
    }

    private final List<String> lines = new ArrayList<>();
    private final Kernel kernel = new Kernel(new Steps(), trace());
    private final Process process = kernel.start("vmm", 1000, Set.of(), 64 << 10);
    private final Counter counter = new Counter();
    private final int fd = process.install(counter);

    private Trace trace() {
        var trace = Trace.none();
        trace.attach(told -> lines.add(told.text()), EnumSet.of(Item.HOST), false);
        return trace;
    }

    private static void refused(Errno errno, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        HostException.class, e -> assertThat(e.errno()).isEqualTo(errno));
    }

    @Test
    void aFileAnswersWhatItsTableNames() {
        assertThat(process.ioctl(fd, new Add(3))).isEqualTo(3);
        assertThat(process.ioctl(fd, new Add(4))).isEqualTo(7);
        refused(Errno.EBUSY, () -> process.ioctl(fd, new Fail()));
        refused(Errno.ENOTTY, () -> process.ioctl(fd, new Unknown()));
        refused(Errno.EBADF, () -> process.ioctl(17, new Add(1)));
        refused(Errno.EINVAL, () -> process.read(fd, new byte[1], 0, 1));
    }

    @Test
    void eachRequestIsToldWithArgumentsAndAnswer() {
        process.ioctl(fd, new Add(3));
        refused(Errno.EBUSY, () -> process.ioctl(fd, new Fail()));
        refused(Errno.ENOTTY, () -> process.ioctl(fd, new Unknown()));

        assertThat(lines)
                .containsExactly(
                        "1 counter(0) COUNTER_ADD[amount=3] = 3",
                        "1 counter(0) COUNTER_FAIL[] = -1 EBUSY (counter: it counts: Device or resource busy)",
                        "1 counter(0) Unknown[] = -1 ENOTTY (counter has no Unknown: Inappropriate ioctl for device)");
    }

    @Test
    void descriptorsAreTheLowestThatAreFree() {
        assertThat(process.dup(fd)).isEqualTo(1);
        assertThat(process.dup(fd)).isEqualTo(2);
        process.close(1);
        assertThat(process.dup(fd)).isEqualTo(1);
        assertThat(process.descriptors()).containsExactly(0, 1, 2);
    }

    @Test
    void aFileGoesWithItsLastReference() {
        var other = kernel.start("other", 1000, Set.of(), 0);
        int theirs = process.send(fd, other);
        var child = process.fork();

        process.close(fd);
        child.exit();
        assertThat(counter.released).isFalse();
        assertThat(other.ioctl(theirs, new Add(1))).isOne();
        other.close(theirs);

        assertThat(counter.released).isTrue();
        refused(Errno.EBADF, () -> process.close(fd));
    }

    @Test
    void execClosesWhatClosesOnExec() {
        var kept = new Counter();
        int keptFd = process.install(kept);
        process.keepOnExec(keptFd);
        var old = process.memory();

        process.exec("next");

        assertThat(counter.released).isTrue();
        assertThat(kept.released).isFalse();
        assertThat(process.descriptors()).containsExactly(keptFd);
        assertThat(process.name()).isEqualTo("next");
        assertThat(old.isDead()).isTrue();
        assertThat(process.memory().isDead()).isFalse();
    }

    @Test
    void pasidsAreNotInheritedAndDoNotSurviveExec() {
        var pasid = new Pasid(5);
        var revoked = new ArrayList<Pasid>();
        process.pasids().listen(revoked::add);
        process.pasids().authorize(pasid);
        var other = process.pasids().authorize(pasid);

        assertThat(process.fork().pasids().isAuthorized(pasid)).isFalse();
        other.revoke();
        assertThat(process.pasids().isAuthorized(pasid)).isTrue();
        assertThat(revoked).isEmpty();
        process.exec("next");

        assertThat(process.pasids().isAuthorized(pasid)).isFalse();
        assertThat(revoked).containsExactly(pasid);
    }

    @Test
    void exitGivesEverythingBack() {
        var file = MemFile.create(kernel.frames(), 8192);
        long at = process.memory().map(8192, true);
        process.memory().write(at, new byte[8192], 0, 8192);
        process.memory().map(file, 0, 8192, true, true);
        process.install(new MemFileHandle(file));
        file.release();
        process.pasids().authorize(new Pasid(1));

        process.exit();
        process.exit();

        assertThat(counter.released).isTrue();
        assertThat(kernel.pages().used()).isZero();
        assertThat(kernel.find(process.pid())).isNull();
        refused(Errno.EMFILE, () -> process.install(new Counter()));
        refused(Errno.EAGAIN, process::fork);
    }

    @Test
    void whatFailsWhileADescriptorIsMadeLeavesNothing() {
        kernel.addNode("/dev/counter", caller -> new Counter());
        refused(Errno.ENOENT, () -> process.open("/dev/none"));
        kernel.steps().fail("process.descriptor", 1, Errno.EMFILE);

        refused(Errno.EMFILE, () -> process.open("/dev/counter"));
        kernel.steps().disarm();

        assertThat(process.descriptors()).containsExactly(fd);
        assertThat(process.open("/dev/counter")).isEqualTo(1);
    }

    @Test
    void aUserIsChargedForAllHisProcesses() {
        var user = process.user();
        assertThat(kernel.start("other", 1000, Set.of(), 0).user()).isSameAs(user);
        assertThat(user.charge(3, 4)).isTrue();
        assertThat(user.charge(2, 4)).isFalse();
        assertThat(user.charge(-3, 4)).isTrue();
        assertThat(user.lockedPages()).isZero();
    }
}
