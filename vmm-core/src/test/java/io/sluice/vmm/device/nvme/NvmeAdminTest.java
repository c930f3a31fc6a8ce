package io.sluice.vmm.device.nvme;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.device.nvme.NvmeDriver.Entry;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
class NvmeAdminTest {
    private static final int CREATE_SQ = 1;
    private static final int GET_LOG = 2;
    private static final int CREATE_CQ = 5;
    private static final int IDENTIFY = 6;
    private static final int SET = 9;
    private static final int GET = 0x0A;
    private static final int AWAIT_EVENT = 0x0C;
    private static final long DATA = NvmeDriver.DATA;

    private final NvmeDriver driver = new NvmeDriver();

    @BeforeEach
    void enable() {
        driver.enable();
    }

    @AfterEach
    void close() {
        driver.close();
    }

    private long word(int offset, int size) {
        return driver.board.memory.read(DATA + offset, size);
    }

    private String text(int offset, int length) {
        return new String(driver.memory(DATA + offset, length), StandardCharsets.US_ASCII).strip();
    }

    // ---- Identify

    @Test
    void identifyTellsWhoTheControllerIs() {
        var done = driver.admin(Entry.of(IDENTIFY).data(DATA, 0).words(1, 0, 0));

        assertThat(done.text()).isEqualTo("0/00");
        assertThat(word(0, 2)).isEqualTo(0x1B36);
        assertThat(text(4, 20)).isEqualTo("test");
        assertThat(word(77, 1)).isEqualTo(7);
        assertThat(word(80, 4)).isEqualTo(0x0001_0400);
        assertThat(word(512, 2)).isEqualTo(0x4466);
        assertThat(word(516, 4)).isEqualTo(1);
        assertThat(word(520, 2)).isEqualTo(0x5D);
        assertThat(word(525, 1)).isEqualTo(7);
        assertThat(text(768, 27)).isEqualTo("nqn.2026-01.io.sluice:nvme:");
    }

    @Test
    void identifyTellsHowLargeTheNamespaceIs() {
        driver.admin(Entry.of(IDENTIFY).namespace(1).data(DATA, 0).words(0, 0, 0));

        assertThat(word(0, 8)).isEqualTo(NvmeDriver.DISK_BYTES / 512);
        assertThat(word(8, 8)).isEqualTo(NvmeDriver.DISK_BYTES / 512);
        assertThat(word(25, 1)).isZero();
        assertThat(word(128, 4)).isEqualTo(9 << 16);
    }

    @Test
    void identifyListsTheNamespaceAndItsUuid() {
        driver.admin(Entry.of(IDENTIFY).data(DATA, 0).words(2, 0, 0));
        long first = word(0, 8);
        driver.admin(Entry.of(IDENTIFY).namespace(1).data(DATA, 0).words(2, 0, 0));
        long after = word(0, 8);
        driver.admin(Entry.of(IDENTIFY).namespace(1).data(DATA, 0).words(3, 0, 0));

        assertThat(first).isEqualTo(1);
        assertThat(after).isZero();
        assertThat(word(0, 4)).isEqualTo(0x1003);
        assertThat(word(20, 4)).isZero();
    }

    @ParameterizedTest
    @CsvSource({"0, 0, 0/0b", "0, 2, 0/0b", "0, -1, 0/0b", "2, -1, 0/0b", "2, -2, 0/0b", "3, 2, 0/0b", "4, 1, 0/02"})
    void whatIdentifyDoesNotKnowItRefuses(int structure, int namespace, String status) {
        driver.canaries(DATA);

        var done = driver.admin(
                Entry.of(IDENTIFY).namespace(namespace).data(DATA, 0).words(structure, 0, 0));

        assertThat(done.text()).isEqualTo(status);
        assertThat(driver.spoiled(DATA)).isZero();
    }

    @Test
    void dataMayStartWithinAPageAndEndInAnother() {
        driver.canaries(DATA);

        var done = driver.admin(
                Entry.of(IDENTIFY).data(DATA + 0xFF0, DATA + 0x3000).words(1, 0, 0));

        assertThat(done.text()).isEqualTo("0/00");
        assertThat(driver.hex(DATA + 0xFF0, 2)).isEqualTo("361b");
        assertThat(driver.memory(DATA + 0xFEF, 1)).containsExactly(0xC7);
        assertThat(driver.memory(DATA + 0x3FF0, 1)).containsExactly(0xC7);
        assertThat(driver.memory(DATA + 0x1000, 1)).containsExactly(0xC7);
    }

    // ---- queues

    @ParameterizedTest
    @CsvSource({
        // opcode, prp1, dword 10, dword 11, status
        "5, 0x4000, 0x00070000, 3, 1/01, queue 0",
        "5, 0x4000, 0x00070009, 3, 1/01, a queue too many",
        "5, 0x4000, 0x00000001, 3, 1/02, one entry",
        "5, 0x4000, 0x08000001, 3, 1/02, 2049 entries",
        "5, 0x4000, 0xFFFF0001, 3, 1/02, 65536 entries",
        "5, 0x4000, 0x00070001, 2, 0/02, not contiguous",
        "5, 0x4008, 0x00070001, 3, 0/13, not at a page's start",
        "5, 0x4000, 0x00070001, 0x00010003, 1/08, a vector that the pin has not",
        "1, 0x3000, 0x00070001, 0x00000001, 1/00, no completion queue",
        "1, 0x3000, 0x00070001, 0x00020001, 1/00, a completion queue that is not there",
        "1, 0x3000, 0x00070000, 0x00010001, 1/01, queue 0",
        "0, 0, 1, 0, 1/01, delete a submission queue that is not there",
        "0, 0, 0, 0, 1/01, delete the admin submission queue",
        "4, 0, 1, 0, 1/01, delete a completion queue that is not there",
        "4, 0, 0, 0, 1/01, delete the admin completion queue",
    })
    void badQueuesAreRefused(int opcode, String prp1, String d10, String d11, String status, String what) {
        var done = driver.admin(Entry.of(opcode)
                .data(Long.decode(prp1), 0)
                .words(Long.decode(d10).intValue(), Long.decode(d11).intValue(), 0));

        assertThat(done.text()).as(what).isEqualTo(status);
    }

    @Test
    void aQueueExistsOnceAndACompletionQueueOutlivesItsUsers() {
        driver.createQueue(1, NvmeDriver.IO_SQ, NvmeDriver.IO_CQ, 8);

        assertThat(driver.admin(Entry.of(CREATE_CQ).data(0x6000, 0).words(7 << 16 | 1, 1, 0))
                        .text())
                .isEqualTo("1/01");
        assertThat(driver.admin(Entry.of(CREATE_SQ).data(0x6000, 0).words(7 << 16 | 1, 1 << 16 | 1, 0))
                        .text())
                .isEqualTo("1/01");
        assertThat(driver.admin(Entry.of(4).words(1, 0, 0)).text()).isEqualTo("1/0c");
        assertThat(driver.admin(Entry.of(0).words(1, 0, 0)).text()).isEqualTo("0/00");
        assertThat(driver.admin(Entry.of(4).words(1, 0, 0)).text()).isEqualTo("0/00");
        driver.createQueue(1, NvmeDriver.IO_SQ, NvmeDriver.IO_CQ, 8);
        assertThat(driver.io(driver.read(0, 1)).text()).isEqualTo("0/00");
    }

    @Test
    void queuesNeedTheEntrySizesThatTheGuestConfigured() {
        driver.register(0x14, 0x0035_0001);

        assertThat(driver.admin(Entry.of(CREATE_CQ).data(0x4000, 0).words(7 << 16 | 1, 3, 0))
                        .text())
                .isEqualTo("1/02");
    }

    @Test
    void eightQueuePairsWorkSideBySide() {
        for (int id = 1; id <= 8; id++) {
            driver.createQueue(id, 0x2_0000 + id * 0x2000L, 0x2_1000 + id * 0x2000L, 4);
        }

        for (int id = 1; id <= 8; id++) {
            driver.put(id, driver.read(id, 1));
        }
        for (int id = 1; id <= 8; id++) {
            driver.ring(id);
            assertThat(driver.await(id).text()).isEqualTo("0/00");
        }
    }

    // ---- features

    @ParameterizedTest
    @CsvSource({
        "0x01, 0x01020304, 0x01020304, 7",
        "0x02, 0, 0, 0",
        "0x04, 0x160, 0x160, 343",
        "0x05, 0x1234, 0x1234, 0",
        "0x06, 0, 0, 1",
        "0x08, 0x0A05, 0x0A05, 0",
        "0x0A, 1, 1, 0",
        "0x0B, 0xFFF, 0xFF, 0",
    })
    void whatIsSetIsReadBackUntilTheControllerIsReset(String id, String value, String now, int standard) {
        int feature = Integer.decode(id);

        assertThat(driver.admin(Entry.of(SET).words(feature, Integer.decode(value), 0))
                        .text())
                .isEqualTo("0/00");
        assertThat(driver.admin(Entry.of(GET).words(feature, 0, 0)).result()).isEqualTo(Integer.decode(now));
        assertThat(driver.admin(Entry.of(GET).words(feature | 1 << 8, 0, 0)).result())
                .isEqualTo(standard);
        assertThat(driver.admin(Entry.of(GET).words(feature | 3 << 8, 0, 0)).result() & 4)
                .isEqualTo(4);
        driver.register(0x14, 0);
        driver.enable();
        assertThat(driver.admin(Entry.of(GET).words(feature, 0, 0)).result()).isEqualTo(standard);
    }

    @ParameterizedTest
    @CsvSource({
        // opcode, namespace, dword 10, dword 11, status
        "9, 0, 0x80000001, 0, 1/0d, nothing can be saved",
        "9, 0, 0x03, 0, 0/02, no such feature to set",
        "10, 0, 0x10, 0, 0/02, no such feature to get",
        "10, 0, 0x0401, 0, 0/02, no such selection",
        "9, 1, 0x01, 0, 1/0f, arbitration is the controller's",
        "9, 2, 0x05, 0, 0/0b, no such namespace",
        "9, 1, 0x05, 0x10000, 0/02, errors for deallocated blocks",
        "9, 0, 0x02, 1, 0/02, no such power state",
        "9, 0, 0x04, 0x00010100, 0/02, no such sensor",
        "9, 0, 0x04, 0x00200100, 0/02, no such threshold",
        "10, 0, 0x09, 9, 0/02, no such vector",
        "9, 0, 0x09, 9, 0/02, no such vector to set",
        "9, 0, 0x07, 0xFFFF, 0/02, 65536 queues",
    })
    void badFeaturesAreRefused(int opcode, int namespace, String d10, String d11, String status, String what) {
        var done = driver.admin(Entry.of(opcode)
                .namespace(namespace)
                .words(Long.decode(d10).intValue(), Long.decode(d11).intValue(), 0));

        assertThat(done.text()).as(what).isEqualTo(status);
    }

    @Test
    void theNumberOfQueuesIsToldAndFixedOnceThereAreAny() {
        var asked = driver.admin(Entry.of(SET).words(7, 0x0001_0001, 0));
        driver.createQueue(1, NvmeDriver.IO_SQ, NvmeDriver.IO_CQ, 8);

        assertThat(asked.result()).isEqualTo(0x0007_0007);
        assertThat(driver.admin(Entry.of(SET).words(7, 0x0001_0001, 0)).text()).isEqualTo("0/0c");
        assertThat(driver.admin(Entry.of(GET).words(7, 0, 0)).result()).isEqualTo(0x0007_0007);
    }

    @Test
    void theTimeGoesOnFromWhatTheGuestSet() {
        driver.board.memory.write(DATA, 8, 0x0000_0180_0000_0000L);

        driver.admin(Entry.of(SET).data(DATA, 0).words(0x0E, 0, 0));
        driver.admin(Entry.of(GET).data(DATA + 0x100, 0).words(0x0E, 0, 0));

        assertThat(word(0x100, 8) & 0xFFFF_FFFF_FFFFL).isBetween(0x0180_0000_0000L, 0x0180_0000_0000L + 20_000);
        assertThat(word(0x106, 2)).isEqualTo(2);
    }

    @Test
    void vectorsKeepTheirCoalescing() {
        driver.admin(Entry.of(SET).words(9, 1 << 16 | 3, 0));

        assertThat(driver.admin(Entry.of(GET).words(9, 3, 0)).result()).isEqualTo(1 << 16 | 3);
        assertThat(driver.admin(Entry.of(GET).words(9, 4, 0)).result()).isEqualTo(4);
    }

    // ---- logs

    private NvmeDriver.Done log(int id, int bytes, int offset) {
        return driver.admin(Entry.of(GET_LOG).namespace(-1).data(DATA, 0).words(bytes / 4 - 1 << 16 | id, 0, offset));
    }

    @Test
    void theErrorLogHasTheLatestFirst() {
        int id = driver.submit(0, Entry.of(0x7F));
        driver.await(0);
        driver.admin(Entry.of(GET).words(0xFF, 0, 0));

        log(1, 128, 0);

        assertThat(word(0, 8)).isEqualTo(2);
        assertThat(word(64, 8)).isEqualTo(1);
        assertThat(word(64 + 8, 2)).isZero();
        assertThat(word(64 + 10, 2)).isEqualTo(id);
        assertThat(word(64 + 12, 2)).isEqualTo(0x6001 << 1);
    }

    @Test
    void theHealthLogHasTemperatureAndTraffic() {
        driver.createQueue(1, NvmeDriver.IO_SQ, NvmeDriver.IO_CQ, 8);
        driver.io(driver.read(0, 8));

        log(2, 512, 0);

        assertThat(word(0, 1)).isZero();
        assertThat(word(1, 2)).isEqualTo(323);
        assertThat(word(3, 1)).isEqualTo(100);
        assertThat(word(32, 8)).isEqualTo(1);
        assertThat(word(64, 8)).isEqualTo(1);
    }

    @Test
    void theOtherLogsTellOfFirmwareAndCommands() {
        log(3, 512, 0);
        long slot = word(0, 1);
        String revision = text(8, 8);
        log(5, 4096, 0);

        assertThat(slot).isEqualTo(1);
        assertThat(revision).isEqualTo("1.0");
        assertThat(word(IDENTIFY * 4, 4)).isEqualTo(1);
        assertThat(word(3 * 4, 4)).isZero();
        assertThat(word(1024 + 4, 4)).isEqualTo(3);
        assertThat(word(1024 + 4 * 4, 4)).isZero();
    }

    @Test
    void aLogIsReadFromAnOffsetAndEndsInZeroes() {
        driver.canaries(DATA);

        log(2, 64, 480);

        assertThat(driver.hex(DATA, 64)).isEqualTo("00".repeat(64));
        assertThat(driver.spoiled(DATA)).isEqualTo(64);
    }

    @ParameterizedTest
    @CsvSource({"0x04, -1, 0, 1/09", "0x7F, -1, 0, 1/09", "0x02, 1, 0, 0/02", "0x02, 0, 2, 0/02", "0x02, 0, 516, 0/02"})
    void badLogsAreRefused(String id, int namespace, int offset, String status) {
        var done = driver.admin(Entry.of(GET_LOG)
                .namespace(namespace)
                .data(DATA, 0)
                .words(0x0010_0000 | Integer.decode(id), 0, offset));

        assertThat(done.text()).isEqualTo(status);
    }

    @Test
    void aLogLongerThanATransferIsRefused() {
        var done = driver.admin(Entry.of(GET_LOG).namespace(-1).data(DATA, 0).words(0xFFFF_0001, 0xFFFF, 0));

        assertThat(done.text()).isEqualTo("0/02");
    }

    // ---- events

    @Test
    void anEventIsToldOnceUntilItsLogIsRead() {
        driver.submit(0, Entry.of(AWAIT_EVENT));
        driver.submit(0, Entry.of(AWAIT_EVENT));
        driver.register(0x1078, 5);
        var first = driver.await(0);
        driver.register(0x1078, 5);
        boolean again = driver.hasDone(0);

        driver.submit(0, Entry.of(GET_LOG).namespace(-1).data(DATA, 0).words(15 << 16 | 1, 0, 0));
        var second = driver.await(0);
        var third = driver.await(0);

        assertThat(first.result()).isEqualTo(0x0001_0000);
        assertThat(again).isFalse();
        assertThat(second.result() | third.result()).isEqualTo(0x0001_0000);
    }

    @Test
    void aTemperatureBeyondItsThresholdIsToldIfAskedFor() {
        driver.submit(0, Entry.of(AWAIT_EVENT));
        driver.admin(Entry.of(SET).words(0x0B, 2, 0));

        driver.submit(0, Entry.of(SET).words(0x04, 300, 0));
        var event = driver.await(0);
        driver.await(0);
        log(2, 512, 0);

        assertThat(event.result()).isEqualTo(0x0002_0101);
        assertThat(word(0, 1)).isEqualTo(2);
    }

    @Test
    void fiveRequestsForEventsAreOneTooMany() {
        for (int i = 0; i < 4; i++) {
            driver.submit(0, Entry.of(AWAIT_EVENT));
        }

        assertThat(driver.admin(Entry.of(AWAIT_EVENT)).text()).isEqualTo("1/05");
    }

    // ---- others

    @Test
    void abortStopsNothingAndSaysSo() {
        var done = driver.admin(Entry.of(8).words(0x0123_0000, 0, 0));

        assertThat(done.text()).isEqualTo("0/00");
        assertThat(done.result()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"3, 0, 0/01", "0x18, 0, 0/01", "0x80, 0, 0/01", "0xFF, 0, 0/01", "6, 1, 0/02", "6, 0x40, 0/02"})
    void otherCommandsFusedOnesAndScatterGatherListsAreRefused(String opcode, String flags, String status) {
        var done = driver.admin(Entry.of(Integer.decode(opcode))
                .flags(Integer.decode(flags))
                .data(DATA, 0)
                .words(1, 0, 0));

        assertThat(done.text()).isEqualTo(status);
    }

    @Test
    void aControllerWithoutADriveHasANamespaceThatIsNotActive() {
        driver.board.loop.run();
        var lone = new Nvme(driver.board.loop.strand(), NvmeSettings.of("lone"), null);

        assertThat(lone.namespace()).isNull();
        lone.close();
    }
}
