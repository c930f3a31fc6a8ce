package io.sluice.vfio.host.memory;

import static io.sluice.vfio.host.memory.MemoryRig.PAGE;
import static io.sluice.vfio.host.memory.MemoryRig.get;
import static io.sluice.vfio.host.memory.MemoryRig.put;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AddressSpaceTest {
    private final MemoryRig rig = new MemoryRig();
    private final AddressSpace parent = rig.memory;

    private static void refused(Errno errno, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        HostException.class, e -> assertThat(e.errno()).isEqualTo(errno));
    }

    @Test
    void whatAChildWritesIsItsOwn() {
        long at = parent.map(2 * PAGE, true);
        put(parent, at, 7);
        var child = parent.fork();
        assertThat(rig.pages.used()).isOne();

        put(child, at, 8);

        assertThat(get(parent, at)).isEqualTo(7);
        assertThat(get(child, at)).isEqualTo(8);
        child.release();
        put(parent, at, 9);
        assertThat(get(parent, at)).isEqualTo(9);
        assertThat(rig.pages.used()).isOne();
    }

    @Test
    void aPinnedPageStaysTheParentsAcrossAFork() {
        long at = parent.map(PAGE, true);
        put(parent, at, 1);
        var runs = rig.pin(parent.pages(at), 0, 1, true);

        var child = parent.fork();
        put(parent, at, 2);

        assertThat(rig.at(runs.getFirst())).isEqualTo((byte) 2);
        assertThat(get(child, at)).isEqualTo(1);
        child.release();
        rig.unpin(runs);
    }

    /// Pinning to read makes the page the process' own too, so that its later writes are seen.
    @Test
    void aPageThatIsPinnedToBeReadIsUnshared() {
        long at = parent.map(PAGE, true);
        put(parent, at, 1);
        var child = parent.fork();

        var runs = rig.pin(parent.pages(at), 0, 1, false);
        put(parent, at, 5);

        assertThat(rig.at(runs.getFirst())).isEqualTo((byte) 5);
        assertThat(get(child, at)).isEqualTo(1);
        rig.unpin(runs);
        child.release();
    }

    @Test
    void aPinThatFailsHalfWayPinsNothing() {
        long at = parent.map(4 * PAGE, true);
        parent.unmap(at + 2 * PAGE, PAGE);

        refused(Errno.EFAULT, () -> rig.pin(parent.pages(at), 0, 4, true));

        assertThat(rig.frames.pinned()).isZero();
        assertThat(rig.pin(parent.pages(at), 3, 1, true)).hasSize(1);
    }

    @Test
    void whatMayNotBeWrittenIsNotPinnedForWriting() {
        long at = parent.map(PAGE, false);

        refused(Errno.EFAULT, () -> rig.pin(parent.pages(at), 0, 1, true));
        refused(Errno.EFAULT, () -> put(parent, at, 1));
        assertThat(rig.pin(parent.pages(at), 0, 1, false)).hasSize(1);
    }

    @Test
    void nothingOfADeadProcessCanBePinned() {
        long at = parent.map(PAGE, true);
        var source = parent.pages(at);
        parent.release();

        refused(Errno.EFAULT, () -> rig.pin(source, 0, 1, false));
        assertThat(rig.pages.used()).isZero();
    }

    /// The device keeps what it was given; nobody else gets the page before it is let go.
    @Test
    void aPageThatIsUnmappedWhilePinnedIsNotGivenToAnybody() {
        long at = parent.map(PAGE, true);
        put(parent, at, 3);
        var runs = rig.pin(parent.pages(at), 0, 1, true);
        parent.unmap(at, PAGE);

        long other = parent.map(1024 * PAGE, true);
        for (int page = 0; page < 1024; page++) {
            put(parent, other + (long) page * PAGE, 1);
        }
        assertThat(rig.at(runs.getFirst())).isEqualTo((byte) 3);

        rig.unpin(runs);
        assertThat(rig.pages.damaged()).isEmpty();
    }

    @Test
    void aSharedFileIsOneRunAndKeepsItsPlaceInLargePages() {
        var file = MemFile.create(rig.frames, 8 << 20);
        long at = parent.map(file, 2 << 20, 4 << 20, true, true);

        var runs = rig.pin(parent.pages(at), 0, 1024, true);

        assertThat(runs).containsExactly(file.frames().part(2 << 20, 4 << 20));
        assertThat(at % (1 << 30)).isEqualTo(2 << 20);
        put(parent, at, 4);
        var read = new byte[1];
        file.read(2 << 20, read, 0, 1);
        assertThat(read[0]).isEqualTo((byte) 4);
        rig.unpin(runs);
        parent.release();
        file.release();
        assertThat(rig.frames.pinned()).isZero();
    }

    @Test
    void aPrivateFileIsCopiedWhenItIsWritten() {
        var file = MemFile.create(rig.frames, PAGE);
        file.write(0, new byte[] {6}, 0, 1);
        long at = parent.map(file, 0, PAGE, false, true);

        assertThat(get(parent, at)).isEqualTo(6);
        put(parent, at, 7);

        var read = new byte[1];
        file.read(0, read, 0, 1);
        assertThat(read[0]).isEqualTo((byte) 6);
        assertThat(get(parent, at)).isEqualTo(7);
    }

    @Test
    void cuttingAMappingKeepsBothEnds() {
        long at = parent.map(3 * PAGE, true);
        for (int page = 0; page < 3; page++) {
            put(parent, at + (long) page * PAGE, page + 1);
        }

        parent.unmap(at + PAGE, PAGE);

        assertThat(get(parent, at)).isEqualTo(1);
        assertThat(get(parent, at + 2 * PAGE)).isEqualTo(3);
        refused(Errno.EFAULT, () -> get(parent, at + PAGE));
        assertThat(rig.pages.used()).isEqualTo(2);
    }

    @Test
    void aForkThatFailsLeavesNothing() {
        long at = parent.map(PAGE, true);
        put(parent, at, 1);
        var runs = rig.pin(parent.pages(at), 0, 1, true);
        rig.steps.fail("memory.page", 1, Errno.ENOMEM);

        refused(Errno.ENOMEM, parent::fork);

        assertThat(rig.steps.disarm()).containsExactly("memory.page");
        assertThat(rig.pages.used()).isOne();
        parent.fork().release();
        rig.unpin(runs);
    }

    @AfterEach
    void noFreePageWasWritten() {
        assertThat(rig.pages.damaged()).isEmpty();
    }
}
