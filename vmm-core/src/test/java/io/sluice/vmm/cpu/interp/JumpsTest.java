package io.sluice.vmm.cpu.interp;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What is told of an address must be what was noted for it last, whatever else was noted.
@Timeout(120)
class JumpsTest {
    private static final long KEY = 7L << 22 | 64L << 12 | 3;
    private static final long LINEAR = 0xFFFF_FFFF_8100_0040L;

    private final Jumps jumps = new Jumps();

    @Test
    void aBlockIsFoundByItsAddressAndKeyOnly() {
        var block = block();
        jumps.add(LINEAR, KEY, block);
        assertThat(jumps.block(jumps.find(LINEAR, KEY))).isSameAs(block);
        assertThat(jumps.find(LINEAR + 1, KEY)).isEqualTo(Jumps.NOWHERE);
        assertThat(jumps.find(LINEAR, KEY + (1L << 22))).isEqualTo(Jumps.NOWHERE);
    }

    @Test
    void theSecondBlockAtAnAddressReplacesTheFirst() {
        var first = block();
        jumps.add(LINEAR, KEY, first);
        jumps.settle(jumps.find(LINEAR, KEY), regionOf(first, 0x40), 10);
        first.invalidate();
        assertThat(jumps.block(jumps.find(LINEAR, KEY))).isNull();
        var second = block();
        jumps.add(LINEAR, KEY, second);
        assertThat(jumps.block(jumps.find(LINEAR, KEY))).isSameAs(second);
        assertThat(jumps.take(jumps.find(LINEAR, KEY))).as("not settled yet").isNull();
    }

    @Test
    void aRegionIsEnteredWhereItsBlockIs() {
        var before = block();
        var block = block();
        var region = new Nothing();
        var members = new TreeMap<Integer, Block>();
        members.put(-0x1000_0010, before);
        members.put(-0x20, block);
        region.take(before, members, new Region.Page[0], null);
        jumps.add(LINEAR, KEY, block);
        jumps.settle(jumps.find(LINEAR, KEY), region, 10);
        int place = jumps.find(LINEAR, KEY);
        assertThat(jumps.take(place)).isSameAs(region);
        assertThat(jumps.entry(place)).isEqualTo(1);
        assertThat(jumps.entryOffset(place)).isEqualTo(-0x20);
    }

    @Test
    void aRegionRunsAsOftenAsItMayAndIsCounted() {
        var block = block();
        var region = regionOf(block, 0);
        jumps.add(LINEAR, KEY, block);
        jumps.settle(jumps.find(LINEAR, KEY), region, 3);
        int place = jumps.find(LINEAR, KEY);
        for (int i = 0; i < 3; i++) {
            assertThat(jumps.take(place)).isSameAs(region);
        }
        assertThat(jumps.take(place)).isNull();
        assertThat(jumps.runs(place)).isEqualTo(3);
        jumps.settle(place, region, Integer.MAX_VALUE);
        assertThat(jumps.runs(jumps.find(LINEAR, KEY))).isZero();
        assertThat(jumps.take(jumps.find(LINEAR, KEY))).isSameAs(region);
    }

    @Test
    void aRetiredRegionIsNeverTakenAgain() {
        var block = block();
        var region = regionOf(block, 0);
        jumps.add(LINEAR, KEY, block);
        jumps.settle(jumps.find(LINEAR, KEY), region, 10);
        region.retire();
        assertThat(jumps.take(jumps.find(LINEAR, KEY))).isNull();
        assertThat(jumps.block(jumps.find(LINEAR, KEY))).isSameAs(block);
    }

    /// A process that starts runs thousands of blocks once each.
    @Test
    void whatWasTranslatedStaysWhileOtherBlocksComeAndGo() {
        var regions = IntStream.range(0, 500)
                .mapToObj(i -> {
                    var block = block();
                    var region = regionOf(block, 0);
                    jumps.add(LINEAR + 64L * i, KEY, block);
                    jumps.settle(jumps.find(LINEAR + 64L * i, KEY), region, 10);
                    return region;
                })
                .toList();
        var once = block();
        for (int i = 0; i < 200_000; i++) {
            jumps.add(0x40_0000 + 16L * i, KEY, once);
        }
        for (int i = 0; i < regions.size(); i++) {
            assertThat(jumps.take(jumps.find(LINEAR + 64L * i, KEY)))
                    .as("region %d", i)
                    .isSameAs(regions.get(i));
        }
    }

    @Test
    void afterMoreRegionsThanItCanNumberNoneIsTakenForAnother() {
        var regions = new ArrayList<Region>();
        for (int i = 0; i < 40_000; i++) {
            var block = block();
            var region = regionOf(block, 0);
            regions.add(region);
            jumps.add(LINEAR + 16L * i, KEY, block);
            jumps.settle(jumps.find(LINEAR + 16L * i, KEY), region, 10);
        }
        int known = 0;
        for (int i = 0; i < regions.size(); i++) {
            int place = jumps.find(LINEAR + 16L * i, KEY);
            if (place != Jumps.NOWHERE) {
                known++;
                assertThat(jumps.take(place)).as("region %d", i).isSameAs(regions.get(i));
            }
        }
        assertThat(known).isGreaterThan(1000);
    }

    @Test
    void afterClearNothingIsKnown() {
        var block = block();
        jumps.add(LINEAR, KEY, block);
        jumps.settle(jumps.find(LINEAR, KEY), regionOf(block, 0), 10);
        jumps.clear();
        assertThat(jumps.find(LINEAR, KEY)).isEqualTo(Jumps.NOWHERE);
        jumps.add(LINEAR, KEY, block);
        assertThat(jumps.take(jumps.find(LINEAR, KEY))).isNull();
    }

    private static Block block() {
        return Block.of(new MicroOp() {
            @Override
            public void run(Core core) {}
        });
    }

    private static Region regionOf(Block block, int offset) {
        var region = new Nothing();
        var members = new TreeMap<Integer, Block>();
        members.put(offset, block);
        region.take(block, members, new Region.Page[0], null);
        return region;
    }

    private static final class Nothing extends Region {
        Nothing() {
            super(new Point[0], 0);
        }

        @Override
        public int run(Core core, long base, int entry, int limit) {
            return 0;
        }
    }
}
