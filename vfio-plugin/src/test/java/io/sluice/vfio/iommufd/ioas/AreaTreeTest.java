package io.sluice.vfio.iommufd.ioas;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.memory.AddressSpace;
import io.sluice.vfio.host.memory.HostFrames;
import io.sluice.vfio.host.memory.HostPages;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
final class AreaTreeTest {
    private static final long SPACE = 1 << 10;

    private final HostFrames frames = new HostFrames();
    private final PageObject pages = PageObject.ofMemory(
            frames, new AddressSpace(frames, new HostPages(frames, new Steps(), 1 << 20)), 0, true, new NoAccount());
    private final AreaTree tree = new AreaTree();

    private record NoAccount() implements Account {
        @Override
        public void charge(long pages) {}

        @Override
        public void giveBack(long pages) {}
    }

    private Area area(long first, long last) {
        return new Area(first, last, pages, 0, true, true);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void itFindsWhatAListFinds(long seed) {
        var random = new SplittableRandom(seed);
        // Addresses near the end, so that the last one is used too.
        long base = -SPACE;
        var model = new TreeMap<Long, Area>();

        for (int step = 0; step < 2000; step++) {
            long first = random.nextLong(SPACE);
            long last = Math.min(SPACE - 1, first + random.nextLong(12));
            var found = tree.meeting(base + first, base + last);
            var below = model.floorEntry(last);
            assertThat(found != null).isEqualTo(below != null && below.getValue().last >= base + first);
            if (found != null) {
                tree.remove(found);
                model.remove(found.first - base);
            } else {
                var area = area(base + first, base + last);
                tree.add(area);
                model.put(first, area);
            }
            assertThat(tree.size()).isEqualTo(model.size());
            long length = 1 + random.nextLong(40);
            long alignment = 1L << random.nextInt(5);
            long low = random.nextLong(SPACE);
            assertThat(tree.findHole(base + low, -1, length, alignment, alignment - 1))
                    .isEqualTo(hole(model, base, low, length, alignment));
        }
    }

    private static long hole(TreeMap<Long, Area> model, long base, long low, long length, long alignment) {
        for (long at = low; at + length <= SPACE; at++) {
            var below = model.floorEntry(at + length - 1);
            if ((at + 1 & alignment - 1) == 0 && (below == null || below.getValue().last < base + at)) {
                return base + at;
            }
        }
        return 0;
    }

    @Test
    void itIsWalkedInOrderToTheLastAddress() {
        tree.add(area(-1, -1));
        tree.add(area(0, 9));
        tree.add(area(20, 29));

        var first = tree.from(0);
        var second = first == null ? null : tree.after(first);
        var third = second == null ? null : tree.after(second);

        assertThat(first).extracting(Area::last).isEqualTo(9L);
        assertThat(second).extracting(Area::first).isEqualTo(20L);
        assertThat(third).extracting(Area::first).isEqualTo(-1L);
        assertThat(third == null ? first : tree.after(third)).isNull();
    }
}
