package io.sluice.vmm.device.nvme;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.device.nvme.NvmeDriver.Entry;
import io.sluice.vmm.disk.DriveStats;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
class NvmeIoTest {
    private static final int FLUSH = 0;
    private static final int COMPARE = 5;
    private static final int WRITE_ZEROES = 8;
    private static final int MANAGE = 9;
    private static final int FUA = 1 << 30;
    private static final long DATA = NvmeDriver.DATA;
    private static final long LIST = 0x8000;

    private NvmeDriver driver = new NvmeDriver();

    @BeforeEach
    void start() {
        driver.withIoQueue();
    }

    @AfterEach
    void close() {
        driver.close();
    }

    private void restart(NvmeSettings settings, boolean readOnly) {
        driver.close();
        driver = new NvmeDriver(settings, readOnly).withIoQueue();
    }

    private void list(long at, long... entries) {
        for (int i = 0; i < entries.length; i++) {
            driver.board.memory.write(at + 8L * i, 8, entries[i]);
        }
    }

    // ---- Read and where it lands

    @Test
    void blocksComeWhereTheyShallAndNowhereElse() {
        driver.canaries(DATA);

        var done = driver.io(driver.read(5, 3));

        assertThat(done.text()).isEqualTo("0/00");
        assertThat(driver.memory(DATA, 1536)).isEqualTo(NvmeDriver.disk(5 * 512, 1536));
        assertThat(driver.memory(DATA + 1536, 0x8000)).containsOnly(0xC7);
    }

    /// Lengths and offsets on both sides of a page's end: the second entry is a page, or a list, or nothing.
    @ParameterizedTest
    @CsvSource({
        "0, 8",
        "0, 9",
        "0, 16",
        "0, 17",
        "0x200, 7",
        "0x200, 8",
        "0x200, 16",
        "4, 1",
        "0xFFC, 1",
        "0xE00, 2",
        "0xE00, 9",
        "0xE00, 10",
        "0, 64",
        "0x800, 256"
    })
    void prpsOfAnyShapeAreFollowed(String offset, int blocks) {
        int start = Integer.decode(offset);
        int bytes = blocks * 512;
        driver.canaries(DATA);
        int inFirst = Math.min(bytes, 4096 - start);
        int pages = (bytes - inFirst + 4095) / 4096;
        // Every second page, so that nothing is contiguous.
        var entries = new long[Math.max(1, pages)];
        Arrays.setAll(entries, i -> DATA + 0x2000 + 0x2000L * i);
        list(LIST + 0x38, entries);

        var done = driver.io(
                driver.read(100, blocks).data(DATA + start, pages == 0 ? -1L : pages == 1 ? entries[0] : LIST + 0x38));

        assertThat(done.text()).isEqualTo("0/00");
        var expected = NvmeDriver.disk(100 * 512, bytes);
        assertThat(driver.memory(DATA + start, inFirst)).isEqualTo(Arrays.copyOf(expected, inFirst));
        for (int i = 0, at = inFirst; at < bytes; i++, at += 4096) {
            int length = Math.min(4096, bytes - at);
            assertThat(driver.memory(entries[i], length)).isEqualTo(Arrays.copyOfRange(expected, at, at + length));
        }
        // Canaries that the data itself looks like do not count as spoiled.
        int alike = 0;
        for (byte b : expected) {
            alike += b == (byte) 0xC7 ? 1 : 0;
        }
        assertThat(driver.spoiled(DATA)).isEqualTo(bytes - alike);
    }

    @Test
    void aListGoesOnInTheNextPageOfLists() {
        // Two entries fit in the first page of the list: a data page and the way on.
        list(LIST + 0xFF0, DATA + 0x4000, LIST + 0x1000);
        list(LIST + 0x1000, DATA + 0x2000, DATA + 0x8000);

        var done = driver.io(driver.read(0, 32).data(DATA, LIST + 0xFF0));

        assertThat(done.text()).isEqualTo("0/00");
        assertThat(driver.memory(DATA + 0x4000, 4096)).isEqualTo(NvmeDriver.disk(4096, 4096));
        assertThat(driver.memory(DATA + 0x2000, 4096)).isEqualTo(NvmeDriver.disk(8192, 4096));
        assertThat(driver.memory(DATA + 0x8000, 4096)).isEqualTo(NvmeDriver.disk(12288, 4096));
    }

    @Test
    void aListWhoseFirstEntryIsTheWayOnIsFollowed() {
        list(LIST + 0xFF8, LIST + 0x1000);
        list(LIST + 0x1000, DATA + 0x4000, DATA + 0x2000);

        var done = driver.io(driver.read(0, 24).data(DATA, LIST + 0xFF8));

        assertThat(done.text()).isEqualTo("0/00");
        assertThat(driver.memory(DATA + 0x2000, 4096)).isEqualTo(NvmeDriver.disk(8192, 4096));
    }

    @ParameterizedTest
    @CsvSource({
        "0x10001, 0, 1, 0/13, the first entry is no doubleword's address",
        "0x10002, 0, 1, 0/13, the same",
        "0x10200, 0x12004, 8, 0/13, the second page has an offset",
        "0x10000, 0x8004, 32, 0/13, the list is no quadword's address",
        "0x10000, 0x8800, 32, 0/13, an entry of the list has an offset",
        "0x10000, 0x9FF8, 32, 0/13, the way on has an offset",
        "0x40000000, 0, 1, 0/04r, no memory",
        "0x10000, 0x40000000, 16, 0/04r, no memory for the second page",
        "0x10000, 0x40000000, 32, 0/04r, no memory for the list",
        "0x10000, 0x8900, 32, 0/04r, an entry of the list is no memory",
        "0xFFFFFFFFFFFFF000, 0, 1, 0/04r, the end of all addresses",
    })
    void badPrpsMoveNotOneByte(String first, String second, int blocks, String status, String what) {
        driver.canaries(DATA);
        list(LIST + 0x800, DATA + 0x4000, DATA + 0x5008);
        list(LIST + 0x900, DATA + 0x4000, 0x4000_0000L, DATA + 0x5000);
        list(0x9FF8, LIST + 0x10);

        var done = driver.io(
                driver.read(0, blocks).data(Long.parseUnsignedLong(first.substring(2), 16), Long.decode(second)));

        assertThat(done.text()).as(what).isEqualTo(status);
        assertThat(driver.spoiled(DATA)).isZero();
    }

    @Test
    void withoutBusMasteringNothingMovesAndTheQueueFails() {
        driver.canaries(DATA);
        driver.put(1, driver.read(0, 1));
        driver.board.enable(NvmeDriver.DEVICE, 2);

        driver.ring(1);

        assertThat(driver.spoiled(DATA)).isZero();
        assertThat(driver.status()).isEqualTo(3);
        assertThat(driver.nvme.function().dma().refused()).isPositive();
    }

    @Test
    void readsThatMustBeDurableComeByTheDisksThread() {
        var done = driver.io(driver.read(5, 64).data(DATA, DATA + 0x1000).words(5, 0, FUA | 15));

        assertThat(done.text()).isEqualTo("0/00");
        assertThat(driver.memory(DATA, 8192)).isEqualTo(NvmeDriver.disk(5 * 512, 8192));
        assertThat(driver.nvme.counters().waited()).isEqualTo(1);
    }

    @Test
    void whatTheHostCannotReadIsAMediaErrorAndNothingElse() throws IOException {
        driver.canaries(DATA);
        try (var file = FileChannel.open(driver.file, StandardOpenOption.WRITE)) {
            file.truncate(8192);
        }

        var beyond = driver.io(driver.read(100, 1));
        var before = driver.io(driver.read(15, 1));

        assertThat(beyond.text()).isEqualTo("2/81r");
        assertThat(before.text()).isEqualTo("0/00");
        assertThat(driver.drive.stats().failures(DriveStats.Kind.READ)).isEqualTo(1);
    }

    // ---- Write

    @ParameterizedTest
    @CsvSource({"0", "0x40000000"})
    void whatIsWrittenIsInTheFile(String flags) {
        var data = NvmeDriver.disk(0x123456, 8192);
        driver.board.ram.write(DATA, data);

        var done = driver.io(driver.write(77, 16).data(DATA, DATA + 0x1000).words(77, 0, 15 | Integer.decode(flags)));

        assertThat(done.text()).isEqualTo("0/00");
        assertThat(driver.fileBytes(77 * 512, 8192)).isEqualTo(data);
        assertThat(driver.fileBytes(76 * 512, 512)).isEqualTo(NvmeDriver.disk(76 * 512, 512));
        assertThat(driver.fileBytes(93 * 512, 512)).isEqualTo(NvmeDriver.disk(93 * 512, 512));
    }

    @Test
    void withoutAWriteCacheWritesStillWork() {
        driver.admin(Entry.of(9).words(6, 0, 0));
        driver.board.ram.write(DATA, new byte[512]);

        assertThat(driver.io(driver.write(3, 1)).text()).isEqualTo("0/00");
        assertThat(driver.fileBytes(3 * 512, 512)).containsOnly(0);
    }

    @Test
    void badMemoryIsNotWrittenToTheFile() {
        var done = driver.io(driver.write(3, 16).data(DATA, 0x4000_0000));

        assertThat(done.text()).isEqualTo("0/04r");
        assertThat(driver.fileBytes(3 * 512, 8192)).isEqualTo(NvmeDriver.disk(3 * 512, 8192));
    }

    @Test
    void directivesAreRefused() {
        assertThat(driver.io(driver.write(3, 1).words(3, 0, 1 << 20)).text()).isEqualTo("0/02");
    }

    // ---- limits

    @ParameterizedTest
    @CsvSource({
        "2, 8192, 1, 0/80", "2, 8191, 2, 0/80", "2, -1, 1, 0/80", "1, 8192, 1, 0/80", "5, 8192, 1, 0/80",
        "8, 8192, 1, 0/80", "8, 8191, 65536, 0/80", "2, 0, 1025, 0/02", "1, 0, 65536, 0/02", "2, 8191, 1, 0/00"
    })
    void blocksBeyondTheEndAndTransfersThatAreTooLongAreRefused(int opcode, long block, int count, String status) {
        var done = driver.io(
                Entry.of(opcode).namespace(1).data(DATA, 0).words((int) block, (int) (block >> 32), count - 1));

        assertThat(done.text()).isEqualTo(status);
    }

    @ParameterizedTest
    @CsvSource({"0, 0/0b", "2, 0/0b", "-1, 0/0b"})
    void otherNamespacesAreNotThere(int namespace, String status) {
        assertThat(driver.io(driver.read(0, 1).namespace(namespace)).text()).isEqualTo(status);
    }

    @ParameterizedTest
    @CsvSource({"3, 0/01", "4, 0/01", "0x0D, 0/01", "0x7F, 0/01", "0xFF, 0/01"})
    void otherCommandsAreNotThere(String opcode, String status) {
        assertThat(driver.io(Entry.of(Integer.decode(opcode)).namespace(1)).text())
                .isEqualTo(status);
    }

    @ParameterizedTest
    @CsvSource({"1", "2", "0x40", "0x80", "0xC0"})
    void fusedCommandsAndScatterGatherListsAreRefused(String flags) {
        assertThat(driver.io(driver.read(0, 1).flags(Integer.decode(flags))).text())
                .isEqualTo("0/02");
    }

    @Test
    void blocksOf4096BytesAreFourThousandAndNinetySix() {
        restart(new NvmeSettings("big", 8, 9, 7, 4096, 4096), false);

        var done = driver.io(driver.read(3, 2).data(DATA, DATA + 0x1000));

        assertThat(done.text()).isEqualTo("0/00");
        assertThat(driver.memory(DATA, 8192)).isEqualTo(NvmeDriver.disk(3 * 4096, 8192));
        assertThat(driver.io(driver.read(1024, 1)).text()).isEqualTo("0/80");
    }

    @ParameterizedTest
    @CsvSource({"1", "8", "9"})
    void aReadOnlyDriveIsReadOnly(int opcode) {
        restart(NvmeSettings.of("ro"), true);

        assertThat(driver.io(Entry.of(opcode).namespace(1).data(DATA, 0).words(0, 4, 0))
                        .text())
                .isEqualTo("0/20");
        assertThat(driver.io(driver.read(0, 1)).text()).isEqualTo("0/00");
        assertThat(driver.io(Entry.of(FLUSH).namespace(1)).text()).isEqualTo("0/00");
    }

    // ---- the others

    @ParameterizedTest
    @CsvSource({"1, 0/00", "-1, 0/00", "0, 0/0b", "2, 0/0b"})
    void flushIsOfANamespaceOrOfAll(int namespace, String status) {
        assertThat(driver.io(Entry.of(FLUSH).namespace(namespace)).text()).isEqualTo(status);
    }

    @ParameterizedTest
    @CsvSource({"0", "0x02000000", "0x40000000"})
    void zeroesAreWrittenWithoutData(String flags) {
        var done = driver.io(Entry.of(WRITE_ZEROES).namespace(1).words(10, 0, 99 | Integer.decode(flags)));

        assertThat(done.text()).isEqualTo("0/00");
        assertThat(driver.fileBytes(10 * 512, 100 * 512)).containsOnly(0);
        assertThat(driver.fileBytes(9 * 512, 512)).isEqualTo(NvmeDriver.disk(9 * 512, 512));
        assertThat(driver.fileBytes(110 * 512, 512)).isEqualTo(NvmeDriver.disk(110 * 512, 512));
    }

    @Test
    void compareTellsWhetherAllIsTheSame() {
        driver.board.ram.write(DATA, NvmeDriver.disk(20 * 512, 1024));

        var same = driver.io(driver.read(20, 2).words(20, 0, 1).as(COMPARE));
        driver.board.memory.write(DATA + 1023, 1, ~NvmeDriver.pattern(21 * 512 + 511) & 0xFF);
        var different = driver.io(driver.read(20, 2).as(COMPARE));
        var nowhere = driver.io(driver.read(20, 2).data(0x4000_0000, 0).as(COMPARE));

        assertThat(same.text()).isEqualTo("0/00");
        assertThat(different.text()).isEqualTo("2/85");
        assertThat(nowhere.text()).isEqualTo("0/04r");
    }

    private void range(int index, long block, int count) {
        driver.board.memory.write(DATA + 16L * index, 8, (long) count << 32);
        driver.board.memory.write(DATA + 16L * index + 8, 8, block);
    }

    @Test
    void blocksAreGivenBackInRangesAndReadAsZeroes() {
        range(0, 8, 16);
        range(1, 0, 0);
        range(2, 1000, 8);

        var done = driver.io(Entry.of(MANAGE).namespace(1).data(DATA, 0).words(2, 4, 0));

        assertThat(done.text()).isEqualTo("0/00");
        assertThat(driver.fileBytes(8 * 512, 16 * 512)).containsOnly(0);
        assertThat(driver.fileBytes(1000 * 512, 8 * 512)).containsOnly(0);
        assertThat(driver.fileBytes(24 * 512, 512)).isEqualTo(NvmeDriver.disk(24 * 512, 512));
        assertThat(driver.drive.stats().bytes(DriveStats.Kind.UNMAP)).isEqualTo(24 * 512);
    }

    @Test
    void advicesOtherThanGivingBackChangeNothing() {
        range(0, 8, 16);

        assertThat(driver.io(Entry.of(MANAGE).namespace(1).data(DATA, 0).words(0, 3, 0))
                        .text())
                .isEqualTo("0/00");
        assertThat(driver.fileBytes(8 * 512, 512)).isEqualTo(NvmeDriver.disk(8 * 512, 512));
    }

    @Test
    void oneRangeBeyondTheEndRefusesAll() {
        range(0, 8, 16);
        range(1, 8191, 2);

        assertThat(driver.io(Entry.of(MANAGE).namespace(1).data(DATA, 0).words(1, 4, 0))
                        .text())
                .isEqualTo("0/80");
        assertThat(driver.fileBytes(8 * 512, 512)).isEqualTo(NvmeDriver.disk(8 * 512, 512));
    }

    // ---- counting

    @Test
    void commandsBytesAndErrorsAreCounted() {
        driver.io(driver.read(0, 8));
        driver.io(driver.write(0, 2));
        driver.io(Entry.of(FLUSH).namespace(1));
        driver.io(driver.read(8192, 1));

        var counters = driver.nvme.counters();
        assertThat(counters.commands(NvmeCounters.Kind.READ)).isEqualTo(2);
        assertThat(counters.commands(NvmeCounters.Kind.WRITE)).isEqualTo(1);
        assertThat(counters.commands(NvmeCounters.Kind.FLUSH)).isEqualTo(1);
        assertThat(counters.commands(NvmeCounters.Kind.ADMIN)).isEqualTo(2);
        assertThat(counters.errors()).isEqualTo(1);
        var stats = driver.drive.stats();
        assertThat(stats.operations(DriveStats.Kind.READ)).isEqualTo(1);
        assertThat(stats.bytes(DriveStats.Kind.READ)).isEqualTo(4096);
        assertThat(stats.bytes(DriveStats.Kind.WRITE)).isEqualTo(1024);
        assertThat(stats.refusals(DriveStats.Kind.READ)).isEqualTo(1);
        assertThat(stats.highestWritten()).isEqualTo(1024);
    }
}
