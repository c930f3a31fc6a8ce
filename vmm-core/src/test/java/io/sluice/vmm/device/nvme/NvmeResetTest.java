package io.sluice.vmm.device.nvme;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.device.nvme.NvmeDriver.Entry;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What happens to commands that the disk's thread has when everything else goes.
@Timeout(120)
class NvmeResetTest {
    private static final int FUA = 1 << 30;

    /// Ways to take everything from a controller.
    private enum Way {
        CONTROLLER {
            @Override
            void take(NvmeDriver driver) {
                driver.register(0x14, 0);
            }
        },
        SUBSYSTEM {
            @Override
            void take(NvmeDriver driver) {
                driver.register(0x20, 0x4E56_4D65);
            }
        },
        FUNCTION {
            @Override
            void take(NvmeDriver driver) {
                driver.nvme.function().reset();
                driver.board.host.assignResources();
                driver.board.enable(NvmeDriver.DEVICE, 6);
            }
        };

        abstract void take(NvmeDriver driver);
    }

    private final NvmeDriver driver = new NvmeDriver();
    private final CountDownLatch mayGoOn = new CountDownLatch(1);

    @BeforeEach
    void start() {
        driver.withIoQueue();
    }

    @AfterEach
    void close() {
        mayGoOn.countDown();
        driver.close();
    }

    /// The disk does nothing until [#mayGoOn].
    private void holdTheDisk() {
        driver.drive.submit(scratch -> {
            boolean waiting = true;
            while (waiting) {
                try {
                    mayGoOn.await();
                    waiting = false;
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        });
    }

    private Entry slowRead(long block) {
        return driver.read(block, 8).words((int) block, 0, FUA | 7);
    }

    @ParameterizedTest
    @EnumSource
    void whatIsUnderWayTouchesNoMemoryAfterAReset(Way way) {
        holdTheDisk();
        for (int i = 0; i < 5; i++) {
            driver.submit(1, slowRead(i));
        }

        way.take(driver);
        driver.canaries(0x1000);
        mayGoOn.countDown();
        driver.drive.release();
        driver.board.loop.run();

        assertThat(driver.spoiled(0x1000)).isZero();
        assertThat(driver.board.messages).isEmpty();
        assertThat(driver.board.lines[NvmeDriver.DEVICE]).isFalse();
    }

    @ParameterizedTest
    @EnumSource
    void writesThatHadNotBegunAreDroppedAndLaterOnesComeAfterThoseThatHad(Way way) {
        driver.board.ram.write(NvmeDriver.DATA, new byte[4096]);
        holdTheDisk();
        driver.submit(1, driver.write(0, 8));

        way.take(driver);
        driver.withIoQueue();
        driver.board.ram.write(NvmeDriver.DATA, NvmeDriver.disk(0x77777, 512));
        driver.submit(1, driver.write(0, 1));
        boolean early = driver.hasDone(1);
        mayGoOn.countDown();

        assertThat(early).isFalse();
        assertThat(driver.await(1).text()).isEqualTo("0/00");
        assertThat(driver.fileBytes(0, 512)).isEqualTo(NvmeDriver.disk(0x77777, 512));
        assertThat(driver.fileBytes(512, 3584)).isEqualTo(NvmeDriver.disk(512, 3584));
    }

    @Test
    void afterwardsThePageCacheServesAgain() {
        holdTheDisk();
        driver.submit(1, slowRead(0));
        driver.register(0x14, 0);
        driver.withIoQueue();
        driver.submit(1, driver.read(1, 1));
        boolean behind = !driver.hasDone(1);
        mayGoOn.countDown();
        driver.await(1);
        long waited = driver.nvme.counters().waited();

        driver.io(driver.read(2, 1));

        assertThat(behind).isTrue();
        assertThat(driver.nvme.counters().waited()).isEqualTo(waited);
    }

    @Test
    void aQueueThatGoesEndsWhatItWaitsFor() {
        driver.canaries(NvmeDriver.DATA);
        holdTheDisk();
        int first = driver.submit(1, slowRead(0));
        int second = driver.submit(1, slowRead(1));

        var deleted = driver.admin(Entry.of(0).words(1, 0, 0));
        var one = driver.await(1);
        var other = driver.await(1);
        mayGoOn.countDown();
        driver.drive.release();
        driver.board.loop.run();

        assertThat(deleted.text()).isEqualTo("0/00");
        assertThat(one.text()).isEqualTo("0/08r");
        assertThat(other.text()).isEqualTo("0/08r");
        assertThat(new int[] {one.id(), other.id()}).containsExactlyInAnyOrder(first, second);
        assertThat(driver.spoiled(NvmeDriver.DATA)).isZero();
    }

    @Test
    void memoryThatGoesWhileTheDiskReadsIsAnError() {
        holdTheDisk();
        driver.submit(1, slowRead(0));

        driver.board.enable(NvmeDriver.DEVICE, 2);
        mayGoOn.countDown();

        assertThat(driver.board.loop.turnUntil(() -> driver.status() == 3)).isTrue();
    }

    @Test
    void moreCommandsThanTheDiskMayHaveWaitInTheirQueue() {
        driver.createQueue(2, 0x5000, 0x7000, 64);
        holdTheDisk();
        for (int i = 0; i < 60; i++) {
            driver.put(2, slowRead(i));
        }

        driver.ring(2);
        long handedOver = driver.nvme.counters().waited();
        mayGoOn.countDown();
        for (int i = 0; i < 60; i++) {
            assertThat(driver.await(2).text()).isEqualTo("0/00");
        }

        assertThat(handedOver).isEqualTo(DiskJobs.MOST);
        assertThat(driver.nvme.counters().waited()).isEqualTo(60);
    }

    @Test
    void removalWaitsForTheDiskAndLeavesTheDriveToOthers() {
        holdTheDisk();
        driver.submit(1, slowRead(0));
        driver.board.host.remove(driver.nvme.function());
        mayGoOn.countDown();

        driver.drive.release();
        boolean taken = driver.drive.take();
        driver.board.loop.run();

        assertThat(taken).isTrue();
    }
}
