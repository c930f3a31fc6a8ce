package io.sluice.vfio.host.iommu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.address.Iova;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// DMA without a pause from two requester ids while what they go through changes.
@Timeout(120)
final class DmaRaceTest {
    private static final int PAGE = DmaRig.PAGE;
    private static final int TURNS = 60;
    private static final byte[] NOTHING = new byte[16 * PAGE];

    private final DmaRig rig = new DmaRig(64);
    private final AtomicBoolean over = new AtomicBoolean();
    private final AtomicLong written = new AtomicLong();
    private final List<Thread> threads = new ArrayList<>();

    @AfterEach
    void close() throws InterruptedException {
        over.set(true);
        for (var thread : threads) {
            thread.join();
        }
        rig.close();
    }

    private DmaContext writer(int number) {
        rig.unit.onFault((requester, pasid, iova, write, why) -> {});
        var device = rig.context(number);
        var data = new byte[16 * PAGE];
        Arrays.fill(data, (byte) number);
        threads.add(Thread.ofPlatform().start(() -> {
            for (int i = 0; !over.get(); i++) {
                data[i & data.length - 1]++;
                if (device.write(0, 0, data, 0, data.length)) {
                    written.incrementAndGet();
                }
            }
        }));
        return device;
    }

    /// The memory is wiped as soon as the call has returned, and stays so.
    private void assertUntouched() {
        rig.ram.clear();
        for (int i = 0; i < 3; i++) {
            Thread.onSpinWait();
            assertThat(Arrays.equals(rig.bytes(0, 0, 16 * PAGE), NOTHING)).isTrue();
        }
    }

    @Test
    void afterAnUnmapNotOneByteMoves() {
        writer(1).set(0, rig.domain);
        writer(2).set(0, rig.domain);
        for (int i = 0; i < TURNS; i++) {
            rig.map(0, 0, 16);
            awaitWrites();

            rig.unmap(0, 16);

            assertUntouched();
        }
    }

    @Test
    void afterADetachNotOneByteMoves() {
        var first = writer(1);
        var second = writer(2);
        rig.map(0, 0, 16);
        for (int i = 0; i < TURNS; i++) {
            first.set(0, rig.domain);
            second.set(0, rig.domain);
            awaitWrites();

            first.set(0, BlockingDomain.INSTANCE);
            second.set(0, BlockingDomain.INSTANCE);

            assertUntouched();
        }
    }

    @Test
    void aReplacedDomainIsNotWrittenThrough() {
        var device = writer(1);
        var elsewhere = rig.newDomain();
        rig.map(0, 0, 16);
        rig.map(elsewhere, 0, 32, 16);
        for (int i = 0; i < TURNS; i++) {
            device.set(0, rig.domain);
            awaitWrites();

            device.set(0, elsewhere);

            assertUntouched();
        }
        assertThat(rig.bytes(48, 0, 16 * PAGE)).isEqualTo(NOTHING);
    }

    @Test
    void noWriteIsMissedByDirtyTracking() {
        writer(1).set(0, rig.domain);
        rig.map(0, 0, 16);
        rig.domain.trackDirty(true);
        int changes = 0;
        for (int i = 0; i < TURNS; i++) {
            var pages = new boolean[16];
            rig.domain.readDirty(new Iova(0), 16 * PAGE, true, (iova, length) -> {});
            var before = rig.bytes(0, 0, 16 * PAGE);
            awaitWrites();
            var after = rig.bytes(0, 0, 16 * PAGE);
            rig.domain.readDirty(
                    new Iova(0), 16 * PAGE, true, (iova, length) -> pages[(int) (iova.bits() / PAGE)] = true);
            for (int page = 0; page < 16; page++) {
                boolean changed =
                        !Arrays.equals(before, page * PAGE, (page + 1) * PAGE, after, page * PAGE, (page + 1) * PAGE);
                assertThat(changed && !pages[page]).isFalse();
                changes += changed ? 1 : 0;
            }
        }
        assertThat(changes).isPositive();
    }

    private void awaitWrites() {
        long seen = written.get();
        while (written.get() < seen + 2) {
            Thread.yield();
        }
    }
}
