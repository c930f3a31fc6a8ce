package io.sluice.vmm.device.nvme;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.device.nvme.NvmeDriver.Entry;
import io.sluice.vmm.testkit.BusDeviceContract;
import io.sluice.vmm.testkit.ConfigDump;
import io.sluice.vmm.testkit.DirectLoop;
import io.sluice.vmm.testkit.Golden;
import io.sluice.vmm.testkit.PciBoard;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The controller's registers, its life and its interrupts.
@Timeout(120)
class NvmeTest {
    private static final int ENABLED = NvmeDriver.ENABLED;
    private static final int FLUSH = 0;

    private final NvmeDriver driver = new NvmeDriver();

    @AfterEach
    void close() {
        driver.close();
    }

    @Nested
    class Contract extends BusDeviceContract {
        @Override
        protected Subject subject() {
            var loop = new DirectLoop();
            return new Subject(new Nvme(loop.strand(), NvmeSettings.of("contract"), null), 1 << 14, loop::run);
        }
    }

    @Test
    void configurationSpaceIsWhatItIs() {
        Golden.check(
                "vmm-core/src/test/resources/pci/nvme.txt",
                ConfigDump.of("nvme", at -> driver.board.config(NvmeDriver.DEVICE, at, 1)));
    }

    // ---- registers

    @Test
    void registersAreReadInHalvesAndInSmallerParts() {
        driver.register64(0x28, 0x1234_5678_9ABC_D000L);

        assertThat(driver.board.memory.read(driver.base, 8)).isEqualTo(0x0040_0030_0F01_07FFL);
        assertThat(driver.register(0x04)).isEqualTo(0x0040_0030);
        assertThat(driver.board.memory.read(driver.base + 8, 4)).isEqualTo(0x0001_0400);
        assertThat(driver.register(0x2C)).isEqualTo(0x1234_5678);
        assertThat(driver.board.memory.read(driver.base + 0x2A, 2) & 0xFFFF).isEqualTo(0x9ABC);
        assertThat(driver.board.memory.read(driver.base + 0x2B, 1) & 0xFF).isEqualTo(0x9A);
    }

    @Test
    void narrowWritesAndReservedBitsAreDropped() {
        driver.register(0x24, -1);
        driver.board.memory.write(driver.base + 0x24, 2, 0x33);
        driver.board.memory.write(driver.base + 0x26, 4, 0x44);
        driver.register64(0x28, -1);

        assertThat(driver.register(0x24)).isEqualTo(0x0FFF_0FFF);
        assertThat(driver.register(0x28)).isEqualTo(0xFFFF_F000);
        assertThat(driver.register(0x18)).isZero();
        assertThat(driver.register(0x1000)).isZero();
    }

    // ---- life

    @Test
    void itIsReadyOnceItIsEnabledAndNotWhenItIsDisabled() {
        int before = driver.status();

        driver.enable();
        int enabled = driver.status();
        driver.register(0x14, ENABLED & ~1);

        assertThat(before).isZero();
        assertThat(enabled).isEqualTo(1);
        assertThat(driver.status()).isZero();
        assertThat(driver.register(0x28)).isEqualTo((int) NvmeDriver.ADMIN_SQ);
    }

    @ParameterizedTest
    @CsvSource({
        "0x00460001, 0x00070000, 0x1000, 0x2000, a submission queue of one entry",
        "0x00460001, 0x00000007, 0x1000, 0x2000, a completion queue of one entry",
        "0x00460281, 0x00070007, 0x1000, 0x2000, pages of 128 KiB",
        "0x00460081, 0x00070007, 0x1000, 0x2000, queues that do not start at a page of 8 KiB",
        "0x00460011, 0x00070007, 0x1000, 0x2000, another command set",
        "0x00460801, 0x00070007, 0x1000, 0x2000, another arbitration",
    })
    void fatalMisuseIsToldAndAResetHelps(String configuration, String attributes, String sq, String cq, String what) {
        driver.register(0x24, Integer.decode(attributes));
        driver.register64(0x28, Long.decode(sq));
        driver.register64(0x30, Long.decode(cq));

        driver.register(0x14, Integer.decode(configuration));
        int failed = driver.status();
        driver.register(0x14, 0);
        driver.enable();

        assertThat(failed).as(what).isEqualTo(2);
        assertThat(driver.status()).isEqualTo(1);
    }

    @Test
    void whileEnabledTheConfigurationStaysButForWhatMayChange() {
        driver.enable();

        driver.register(0x14, 0x0000_4001 | 5 << 7 | 6 << 4);

        assertThat(driver.register(0x14)).isEqualTo(0x0000_4001);
    }

    @Test
    void shutdownFlushesBeforeItIsComplete() {
        driver.withIoQueue();
        var mayGoOn = new CountDownLatch(1);
        driver.drive.submit(scratch -> awaitQuietly(mayGoOn));

        driver.register(0x14, ENABLED | 1 << 14);
        int during = driver.status() & 0xC;
        mayGoOn.countDown();
        boolean done = driver.board.loop.turnUntil(() -> (driver.status() & 0xC) == 8);

        assertThat(during).isEqualTo(4);
        assertThat(done).isTrue();
    }

    @Test
    void shutdownsWithoutEndAreOneFlushAtATime() {
        driver.enable();
        var mayGoOn = new CountDownLatch(1);
        driver.drive.submit(scratch -> awaitQuietly(mayGoOn));

        for (int i = 0; i < 1000; i++) {
            driver.register(0x14, ENABLED | 1 << 14);
            driver.register(0x14, ENABLED);
        }
        mayGoOn.countDown();
        driver.register(0x14, ENABLED | 2 << 14);

        assertThat(driver.board.loop.turnUntil(() -> (driver.status() & 0xC) == 8))
                .isTrue();
    }

    private static void awaitQuietly(CountDownLatch latch) {
        boolean waiting = true;
        while (waiting) {
            try {
                latch.await();
                waiting = false;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Test
    void aSubsystemResetTakesAllAndIsRemembered() {
        driver.withIoQueue();

        driver.register(0x20, 0x4E56_4D65);
        int after = driver.status();
        driver.register(0x1C, 0x10);

        assertThat(after).isEqualTo(0x10);
        assertThat(driver.register(0x24)).isZero();
        assertThat(driver.register(0x14)).isZero();
        assertThat(driver.status()).isZero();
    }

    @Test
    void aFunctionLevelResetTakesAllAndTheDriverStartsAgain() {
        driver.withIoQueue();

        driver.nvme.function().reset();
        driver.board.host.assignResources();
        driver.board.enable(NvmeDriver.DEVICE, 6);

        assertThat(driver.status()).isZero();
        assertThat(driver.register(0x28)).isZero();
        driver.withIoQueue();
        assertThat(driver.io(driver.read(0, 1)).text()).isEqualTo("0/00");
    }

    @Test
    void queuesThatAreNoMemoryAreFatalAndNothingElse() {
        driver.register(0x24, 0x0007_0007);
        driver.register64(0x28, 0x4000_0000);
        driver.register64(0x30, NvmeDriver.ADMIN_CQ);
        driver.register(0x14, ENABLED);

        driver.register(0x1000, 1);
        int failed = driver.status();
        driver.register(0x14, 0);
        driver.enable();

        assertThat(failed).isEqualTo(3);
        assertThat(driver.admin(Entry.of(0x0A).words(7, 0, 0)).text()).isEqualTo("0/00");
    }

    @Test
    void completionsThatCannotBeWrittenAreFatal() {
        driver.register(0x24, 0x0007_0007);
        driver.register64(0x28, NvmeDriver.ADMIN_SQ);
        driver.register64(0x30, 0x4000_0000);
        driver.register(0x14, ENABLED);

        driver.register(0x1000, 1);

        assertThat(driver.status()).isEqualTo(3);
    }

    // ---- interrupts

    @Test
    void withoutMessagesThePinTellsUntilTheEntryIsTaken() {
        driver.enable();

        driver.submit(0, Entry.of(0x0A).words(7, 0, 0));
        boolean raised = driver.board.lines[NvmeDriver.DEVICE];
        driver.await(0);

        assertThat(raised).isTrue();
        assertThat(driver.board.lines[NvmeDriver.DEVICE]).isFalse();
    }

    @Test
    void theMaskHoldsThePinDown() {
        driver.enable();
        driver.register(0x0C, 1);

        driver.submit(0, Entry.of(0x0A).words(7, 0, 0));
        boolean masked = driver.board.lines[NvmeDriver.DEVICE];
        int mask = driver.register(0x10);
        driver.register(0x10, 1);

        assertThat(masked).isFalse();
        assertThat(mask).isEqualTo(1);
        assertThat(driver.board.lines[NvmeDriver.DEVICE]).isTrue();
        assertThat(driver.register(0x0C)).isZero();
    }

    @Test
    void withMsiXEachQueueHasItsVector() {
        int capability = capability(0x11);
        for (int vector = 0; vector < 2; vector++) {
            long entry = driver.base + 0x2000 + 16L * vector;
            driver.board.memory.write(entry, 8, 0xFEE0_0000L);
            driver.board.memory.write(entry + 8, 4, 0x40 + vector);
            driver.board.memory.write(entry + 12, 4, 0);
        }
        driver.board.loop.run();
        driver.board.config(NvmeDriver.DEVICE, capability + 2, 2, 0x8000);
        driver.enable();
        driver.admin(Entry.of(5).data(NvmeDriver.IO_CQ, 0).words(7 << 16 | 1, 1 << 16 | 3, 0));
        driver.admin(Entry.of(1).data(NvmeDriver.IO_SQ, 0).words(7 << 16 | 1, 1 << 16 | 1, 0));
        driver.queue(1, NvmeDriver.IO_SQ, NvmeDriver.IO_CQ, 8);
        driver.board.messages.clear();

        driver.io(driver.read(0, 1));

        assertThat(driver.board.messages).containsExactly(new PciBoard.Message(0xFEE0_0000L, 0x41));
        assertThat(driver.board.lines[NvmeDriver.DEVICE]).isFalse();
    }

    @Test
    void completionsOfOneSliceAreOneMessage() {
        driver.enable();
        driver.board.config(NvmeDriver.DEVICE, capability(5) + 4, 4, 0xFEE0_0000L);
        driver.board.config(NvmeDriver.DEVICE, capability(5) + 12, 2, 0x50);
        driver.board.config(NvmeDriver.DEVICE, capability(5) + 2, 2, 1);

        driver.put(0, Entry.of(0x0A).words(7, 0, 0));
        driver.put(0, Entry.of(0x0A).words(7, 0, 0));
        driver.submit(0, Entry.of(0x0A).words(7, 0, 0));

        assertThat(driver.board.messages).containsExactly(new PciBoard.Message(0xFEE0_0000L, 0x50));
    }

    private int capability(int id) {
        int at = driver.board.config(NvmeDriver.DEVICE, 0x34, 1);
        while (driver.board.config(NvmeDriver.DEVICE, at, 1) != id) {
            at = driver.board.config(NvmeDriver.DEVICE, at + 1, 1);
        }
        return at;
    }

    // ---- queues

    @Test
    void aFullCompletionQueueHoldsCommandsBack() {
        driver.withIoQueue();
        driver.createQueue(2, 0x5000, 0x6000, 4);
        driver.queue(2, 0x5000, 0x6000, 4);

        for (int i = 0; i < 3; i++) {
            driver.submit(2, driver.read(i, 1));
            driver.awaitAndKeep(2);
        }
        driver.submit(2, driver.read(3, 1));
        boolean early = driver.hasDone(2);
        driver.register(0x1000 + 8 * 2 + 4, 1);

        assertThat(early).isFalse();
        assertThat(driver.await(2).text()).isEqualTo("0/00");
    }

    @Test
    void phaseAndHeadGoRoundWithTheQueues() {
        driver.withIoQueue();

        for (int i = 0; i < 50; i++) {
            int id = driver.submit(1, Entry.of(FLUSH).namespace(1));
            var done = driver.await(1);

            assertThat(done).isEqualTo(new NvmeDriver.Done(0, (i + 1) % NvmeDriver.ENTRIES, 1, id, 0));
        }
    }

    @ParameterizedTest
    @CsvSource({"0x1000, 8, 1", "0x1008, 8, 1", "0x1000, -1, 1", "0x1004, 3, 1", "0x1010, 0, 0", "0x1084, 0, 0"})
    void wildDoorbellsChangeNothingAndAreTold(String doorbell, int value, int information) {
        driver.withIoQueue();
        driver.submit(0, Entry.of(0x0C));

        driver.register(Integer.decode(doorbell), value);
        var event = driver.await(0);

        assertThat(event.result()).isEqualTo(0x0001_0000 | information << 8);
        assertThat(driver.io(driver.read(0, 1)).text()).isEqualTo("0/00");
        assertThat(driver.status()).isEqualTo(1);
    }

    @Test
    void doorbellsOfADisabledControllerAreNothing() {
        driver.register(0x1000, 1);
        driver.register(0x1004, 1);

        assertThat(driver.status()).isZero();
        assertThat(driver.nvme.counters().errors()).isZero();
    }
}
