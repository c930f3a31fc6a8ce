package io.sluice.vfio.host.iommu;

import static io.sluice.vfio.host.iommu.PageTable.READ;
import static io.sluice.vfio.host.iommu.PageTable.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.vfio.host.Steps;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
final class PageTableTest {
    private static final long K4 = 4 << 10;
    private static final long M2 = 2 << 20;
    private static final long G1 = 1 << 30;
    private static final long FRAME = 0x0003_7F00_0000_0000L;

    private final PageTable table = new PageTable(12, 4, true, new Steps());

    @Test
    void aPageTranslatesWithItsPermissionsAndItsNeighboursDoNot() {
        table.map(0x7000, FRAME, K4, READ);

        assertThat(table.walk(0x7000)).isEqualTo(FRAME | READ);
        assertThat(table.walk(0x7FFF)).isEqualTo(FRAME | READ);
        assertThat(table.walk(0x6FFF)).isEqualTo(PageTable.NONE);
        assertThat(table.walk(0x8000)).isEqualTo(PageTable.NONE);
        assertThat(table.walk(-1)).isEqualTo(PageTable.NONE);
        assertThat(table.walk(1L << 48)).isEqualTo(PageTable.NONE);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, 0x40000000, 30",
        "0x40000000, 0x40000000, 0x40000000, 30",
        "0x200000, 0x200000, 0x200000, 21",
        "0x200000, 0x201000, 0x200000, 12",
        "0x1000, 0x1000, 0x200000, 12",
        "0, 0x200000, 0x40000000, 21",
    })
    void theLargestPageThatFitsIsUsed(String iova, String frame, String length, int shift) {
        table.map(Long.decode(iova), FRAME + Long.decode(frame), Long.decode(length), READ | WRITE);

        assertThat(table.pageShift(Long.decode(iova))).isEqualTo(shift);
    }

    @Test
    void aRangeIsPiecedTogetherFromAllSizes() {
        long start = G1 - M2 - K4;
        long length = 2 * G1 + 2 * (M2 + K4);
        table.map(start, FRAME + start, length, READ);

        assertThat(List.of(
                        table.pageShift(start),
                        table.pageShift(start + K4),
                        table.pageShift(G1),
                        table.pageShift(3 * G1),
                        table.pageShift(3 * G1 + M2)))
                .containsExactly(12, 21, 30, 21, 12);
        for (long at = start; at < start + length; at += 7 * K4) {
            assertThat(table.walk(at)).isEqualTo(FRAME + at | READ);
        }
        assertThat(table.walk(start + length)).isEqualTo(PageTable.NONE);
    }

    @Test
    void withoutLargePagesAllAreSmall() {
        var small = new PageTable(12, 4, false, new Steps());
        small.map(0, FRAME, M2, READ);

        assertThat(small.pageShift(0)).isEqualTo(12);
    }

    @Test
    void nothingIsMappedTwice() {
        table.map(M2, FRAME, M2, READ);

        assertThatThrownBy(() -> table.map(M2 + K4, FRAME, K4, READ)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> table.map(0, FRAME, M2 + K4, READ)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aLargePageIsNotCut() {
        table.map(0, FRAME, M2, READ);

        assertThatThrownBy(() -> table.unmap(0, K4)).isInstanceOf(IllegalStateException.class);
        assertThat(table.walk(0)).isEqualTo(FRAME | READ);
    }

    @Test
    void whatIsUnmappedLeavesNoNode() {
        int empty = table.nodes();
        for (int i = 0; i < 1000; i++) {
            table.map(i * G1 + K4, FRAME, M2 + K4, READ);
            table.unmap(i * G1, G1);
            table.reclaim();
        }

        assertThat(table.nodes()).isEqualTo(empty);
        assertThat(table.bytes()).isLessThan(1 << 17);
    }

    @Test
    void aTebibyteOfLargestPagesTakesLessThanAMebibyte() {
        for (long at = 0; at < 1L << 40; at += G1) {
            table.map(at, FRAME, G1, READ | WRITE);
        }

        assertThat(table.bytes()).isLessThan(1 << 20);
        assertThat(table.pageShift((1L << 40) - 1)).isEqualTo(30);
    }

    @Test
    void dirtyIsToldOnceWhenCleared() {
        table.map(0, FRAME, 4 * K4, READ | WRITE);
        table.map(M2, FRAME, M2, READ | WRITE);
        table.markDirty(K4 + 5);
        table.markDirty(M2 + 5 * K4);
        table.markDirty(G1);

        assertThat(dirty(0, 2 * M2, false)).containsExactly(K4 + " 4096", M2 + " 2097152");
        assertThat(dirty(0, M2 + 2 * K4, true)).containsExactly(K4 + " 4096", M2 + " 8192");
        assertThat(dirty(0, 2 * M2, false)).isEmpty();
        assertThat(table.walk(K4)).isEqualTo(FRAME + K4 | READ | WRITE);
    }

    private List<String> dirty(long iova, long length, boolean clear) {
        var told = new ArrayList<String>();
        table.dirty(iova, length, clear, (at, size) -> told.add(at + " " + size));
        return told;
    }

    /// Maps and unmaps at random, and compares every page with a map.
    @ParameterizedTest
    @CsvSource({"12, 3, true", "12, 3, false", "11, 2, true"})
    void itAgreesWithAModel(int granuleShift, int levels, boolean large) {
        long seed = 20_261_121;
        System.out.println("seed " + seed);
        var random = new SplittableRandom(seed);
        long granule = 1L << granuleShift;
        var tried = new PageTable(granuleShift, levels, large, new Steps());
        Map<Long, Long> model = new HashMap<>();
        List<long[]> areas = new ArrayList<>();
        long pages = Math.min(tried.limit() / granule, 4096);
        for (int turn = 0; turn < 3000; turn++) {
            if (areas.isEmpty() || random.nextInt(3) > 0) {
                long length = 1L + random.nextInt(random.nextBoolean() ? 8 : 1200);
                long first = random.nextLong(pages);
                boolean fits = first + length <= pages
                        && areas.stream().noneMatch(a -> first < a[0] + a[1] && a[0] < first + length);
                if (fits) {
                    long frame = FRAME + random.nextLong(1 << 12) * granule;
                    tried.map(first * granule, frame, length * granule, READ);
                    areas.add(new long[] {first, length});
                    for (long i = 0; i < length; i++) {
                        model.put(first + i, frame + i * granule | READ);
                    }
                }
            } else {
                var area = areas.remove(random.nextInt(areas.size()));
                tried.unmap(area[0] * granule, area[1] * granule);
                for (long i = 0; i < area[1]; i++) {
                    model.remove(area[0] + i);
                }
                if (random.nextBoolean()) {
                    tried.reclaim();
                }
            }
            long page = random.nextLong(pages);
            assertThat(tried.walk(page * granule)).isEqualTo(model.getOrDefault(page, PageTable.NONE));
        }
        for (long page = 0; page < pages; page++) {
            assertThat(tried.walk(page * granule)).isEqualTo(model.getOrDefault(page, PageTable.NONE));
        }
    }
}
