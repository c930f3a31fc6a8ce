package io.sluice.samples.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// On memory that a process has mapped in an iommufd, while the device works on a thread of its own: what is taken away
/// is away when the call returns.
@Timeout(120)
class GrantedMemoryTest {
    private static final long TARGET = 0x2_0000_0000L;
    private static final int IN_FILE = 1 << 20;
    private static final int LENGTH = Engine.LONGEST;
    private static final int ROUNDS = 12;

    private final RealUser user = new RealUser();

    @AfterEach
    void close() {
        user.close();
    }

    private void awaitPosted(long count) {
        await().atMost(Duration.ofSeconds(90)).until(() -> user.posted() == count);
    }

    /// Four long fills of other bytes each, and in their midst what takes the memory away.
    private void takenAway(int round, Consumer<RealUser> take) {
        int key = user.key(TARGET, LENGTH);
        for (int i = 1; i <= 4; i++) {
            user.submit(Packet.fill(LENGTH, key, 0, (round * 4L + i) * 0x0101_0101_0101_0101L));
        }
        var random = new Random(round);
        long until = System.nanoTime() + random.nextLong(3_000_000);
        while (System.nanoTime() < until) {
            Thread.onSpinWait();
        }

        take.accept(user);

        var now = user.bytes(IN_FILE, LENGTH);
        sleep(3);
        assertThat(Arrays.mismatch(user.bytes(IN_FILE, LENGTH), now))
                .as("round " + round)
                .isEqualTo(-1);
    }

    private static void sleep(int millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        }
    }

    @Test
    void commandsReachWhatIsMappedAndNothingElse() {
        user.map(IN_FILE, LENGTH, TARGET);
        user.create();
        int key = user.key(TARGET - 4096, LENGTH + 8192);
        user.submit(Packet.fill(LENGTH, key, 4096, -1));
        user.submit(Packet.fill(8192, key, LENGTH, -1));
        user.submit(Packet.fill(8, key, 0, -1));
        awaitPosted(3);

        assertThat(user.status(0)).isEqualTo(Status.DONE);
        assertThat(user.status(1)).isEqualTo(Status.FAULT);
        assertThat(user.status(2)).isEqualTo(Status.FAULT);
        assertThat(user.bytes(IN_FILE, LENGTH)).containsOnly((byte) -1);
        assertThat(user.bytes(IN_FILE + LENGTH, 4096)).containsOnly((byte) 0);
        assertThat(user.bytes(2 * GrantedPages.PAGE, IN_FILE - 2 * GrantedPages.PAGE))
                .containsOnly((byte) 0);
    }

    @Test
    void afterAnUnmapNotOneByteMoves() {
        for (int round = 0; round < ROUNDS; round++) {
            user.map(IN_FILE, LENGTH, TARGET);
            user.create();
            takenAway(round, one -> one.unmap(TARGET, LENGTH));
            awaitPosted(4);
            assertThat(user.status(3)).isEqualTo(Status.FAULT);
            user.destroy();
        }
    }

    @Test
    void afterADetachNotOneByteMovesAndTheClientIsToldWhenItIsBack() {
        for (int round = 0; round < ROUNDS; round++) {
            user.map(IN_FILE, LENGTH, TARGET);
            user.create();
            takenAway(round, RealUser::detach);
            await().atMost(Duration.ofSeconds(90)).until(() -> user.get(RingReg.STOPPED) == 1);
            user.attach();
            user.destroy();
            user.unmap(TARGET, LENGTH);
        }
    }

    @Test
    void afterAClientsEndNotOneByteMoves() {
        user.map(IN_FILE, LENGTH, TARGET);
        for (int round = 0; round < ROUNDS; round++) {
            user.create();
            takenAway(round, RealUser::destroy);
        }
    }

    @Test
    void afterAResetNotOneByteMoves() {
        user.map(IN_FILE, LENGTH, TARGET);
        user.create();
        takenAway(1, one -> one.set(RingReg.CONTROL, RingReg.RESET));
    }

    @Test
    void afterTheFileIsClosedNotOneByteMoves() {
        user.map(IN_FILE, LENGTH, TARGET);
        user.create();
        takenAway(1, RealUser::closeDevice);
    }

    @Test
    void afterTheDeviceIsRemovedNotOneByteMoves() {
        user.map(IN_FILE, LENGTH, TARGET);
        user.create();
        takenAway(1, RealUser::removeDevice);
    }
}
