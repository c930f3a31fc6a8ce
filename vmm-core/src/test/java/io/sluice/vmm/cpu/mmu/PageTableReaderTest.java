package io.sluice.vmm.cpu.mmu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.memory.GuestRam;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
final class PageTableReaderTest {
    private static final long PG = 1L << 31;
    private static final long PSE = 1L << 4;
    private static final long PAE = 1L << 5;
    private static final long LMA = 1L << 10;
    private static final long NXE = 1L << 11;
    private static final long NOT_MAPPED = PageTableReader.NOT_MAPPED;
    private static final int SIZE = 1 << 20;
    private static final long HALF_OF_4_GIB = 0x8000_0000L;

    private final GuestRam ram = GuestRam.allocate(SIZE);
    private final AddressSpace memory = new AddressSpace("memory", 0xFF_FFFF_FFFFL);
    private final CpuState state = new CpuState();
    private final long[] pdptes = new long[4];

    PageTableReaderTest() {
        memory.mapRam(0, SIZE, ram, 0, true);
        state.cr3 = 0x1000;
    }

    @AfterEach
    void giveBack() {
        ram.close();
    }

    private void put64(long at, long value) {
        ram.write(
                at,
                ByteBuffer.allocate(8)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(value)
                        .array());
    }

    private void put32(long at, int value) {
        ram.write(
                at,
                ByteBuffer.allocate(4)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(value)
                        .array());
    }

    private void longMode() {
        state.cr0 = PG | 1;
        state.cr4 = PAE;
        state.efer = LMA | NXE;
    }

    private PageTableReader reader() {
        return new PageTableReader(memory, state, pdptes);
    }

    private List<String> pages() {
        var pages = new ArrayList<String>();
        reader().visit((linear, physical, size, entry, rights) -> {
            pages.add(Long.toHexString(linear) + " " + Long.toHexString(physical) + " " + Long.toHexString(size) + " "
                    + rights);
            return true;
        });
        return pages;
    }

    @Test
    void withoutPagingAnAddressIsItself() {
        assertThat(reader().mode()).isEqualTo(PageTableReader.Mode.NONE);
        assertThat(reader().translate(0xFFFF_F123L)).isEqualTo(0xFFFF_F123L);
        assertThat(pages()).isEmpty();
    }

    @Test
    void twoLevelsHavePagesOfBothSizes() {
        state.cr0 = PG | 1;
        state.cr4 = PSE;
        put32(0x1000, 0x2007);
        put32(0x2004, 0x5003);
        put32(0x1004, 0x0080_0083 | 1 << 13);
        put32(0x1008, 0x83 | 1 << 21);

        assertThat(reader().translate(0x1234)).isEqualTo(0x5234);
        assertThat(reader().translate(0x2234)).isEqualTo(NOT_MAPPED);
        assertThat(reader().translate(0x40_1234)).isEqualTo(0x1_0080_1234L);
        assertThat(reader().translate(0x80_0000)).isEqualTo(NOT_MAPPED);
        assertThat(reader().translate(0xFFFF_FFFFL)).isEqualTo(NOT_MAPPED);
        assertThat(pages()).contains("1000 5000 1000 2", "400000 100800000 400000 2");
    }

    @Test
    void withoutPageSizeExtensionTheLargeBitMeansNothing() {
        state.cr0 = PG | 1;
        put32(0x1000, 0x2087);
        put32(0x2000, 0x3007);

        assertThat(reader().translate(0x10)).isEqualTo(0x3010);
    }

    @Test
    void threeLevelsStartWithFourEntries() {
        state.cr0 = PG | 1;
        state.cr4 = PAE;
        pdptes[2] = 0x2001;
        put64(0x2000, 0x3007);
        put64(0x2008, 0x20_0083L);
        put64(0x3000, 0x9007);
        put64(0x3008, 0x9007 | Long.MIN_VALUE);

        assertThat(reader().mode()).isEqualTo(PageTableReader.Mode.PAE);
        assertThat(reader().translate(HALF_OF_4_GIB + 0x321)).isEqualTo(0x9321);
        assertThat(reader().translate(HALF_OF_4_GIB + 0x20_0001)).isEqualTo(0x20_0001);
        assertThat(reader().translate(0)).isEqualTo(NOT_MAPPED);
        // No-execute is off, so its bit is reserved.
        assertThat(reader().translate(HALF_OF_4_GIB + 0x1000)).isEqualTo(NOT_MAPPED);
        assertThat(pages()).contains("80000000 9000 1000 6", "80200000 200000 200000 2");
    }

    @Test
    void fourLevelsHavePagesOfThreeSizes() {
        longMode();
        put64(0x1000, 0x2007);
        put64(0x1FF8, 0x2003);
        put64(0x2000, 0x3007);
        put64(0x2008, 0x4000_0087L);
        put64(0x2010, 0x4000_2087L);
        put64(0x3000, 0x4005);
        put64(0x3008, 0x20_0087L | Long.MIN_VALUE);
        put64(0x4000, 0x7007);

        assertThat(reader().translate(0xABC)).isEqualTo(0x7ABC);
        assertThat(reader().translate(0x20_0123)).isEqualTo(0x20_0123);
        assertThat(reader().translate(0x7FFF_FFFFL)).isEqualTo(0x7FFF_FFFFL);
        assertThat(reader().translate(0xFFFF_FF80_0000_0ABCL)).isEqualTo(0x7ABC);
        assertThat(reader().translate(HALF_OF_4_GIB)).as("reserved bit 13").isEqualTo(NOT_MAPPED);
        assertThat(reader().translate(1L << 47)).as("not canonical").isEqualTo(NOT_MAPPED);
        assertThat(pages())
                .startsWith("0 7000 1000 4", "200000 200000 200000 6", "40000000 40000000 40000000 6")
                .contains("ffffff8000000000 7000 1000 0")
                .noneMatch(page -> page.startsWith("80000000 "));
    }

    @Test
    void readingLeavesNoTrace() {
        longMode();
        put64(0x1000, 0x2007);
        put64(0x2000, 0x87);
        var before = new byte[SIZE];
        ram.read(0, before, 0, SIZE);

        assertThat(reader().translate(0x123)).isEqualTo(0x123);
        assertThat(pages()).hasSize(1);

        var after = new byte[SIZE];
        ram.read(0, after, 0, SIZE);
        assertThat(after).isEqualTo(before);
    }

    @Test
    void tablesOutsideOfRamAreEmpty() {
        longMode();
        put64(0x1000, 0xFEC0_0007L);
        put64(0x1008, 0xFF_FFFF_F007L);

        assertThat(reader().translate(0)).isEqualTo(NOT_MAPPED);
        assertThat(reader().translate(1L << 39)).isEqualTo(NOT_MAPPED);
        assertThat(pages()).isEmpty();
        state.cr3 = 0xFF_FFFF_F000L;
        assertThat(pages()).isEmpty();
    }

    @Test
    void tablesThatPointToThemselvesComeToAnEnd() {
        longMode();
        for (int i = 0; i < 512; i++) {
            put64(0x1000 + 8L * i, 0x1007);
        }
        var count = new long[1];

        boolean whole = reader().visit((linear, physical, size, entry, rights) -> ++count[0] > 0);

        assertThat(whole).isFalse();
        assertThat(count[0]).isBetween(1L, 1L << 24);
    }

    @Test
    void aVisitorMayStop() {
        longMode();
        put64(0x1000, 0x2007);
        put64(0x2000, 0x87);
        put64(0x2008, 0x87);
        var count = new int[1];

        boolean whole = reader().visit((linear, physical, size, entry, rights) -> {
            count[0]++;
            return false;
        });

        assertThat(whole).isFalse();
        assertThat(count[0]).isOne();
    }
}
