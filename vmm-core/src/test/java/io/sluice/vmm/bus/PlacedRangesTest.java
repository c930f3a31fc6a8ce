package io.sluice.vmm.bus;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.testkit.DirectLoop;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PlacedRangesTest {
    private final Strand strand = new DirectLoop().strand();
    private final AddressSpace space = new AddressSpace("memory", 0xFFFF);

    private record Tag(int tag) implements BusDevice {
        @Override
        public long read(long offset, int size) {
            return tag + offset;
        }

        @Override
        public void write(long offset, int size, long value) {}
    }

    private Mapping.Device at(long first, long last, int tag) {
        return new Mapping.Device(first, last, new Tag(tag), strand, 0, false);
    }

    @Test
    void aPlacedRangeAnswersOnlyWhereNothingFixedDoes() {
        space.add(at(0x1010, 0x101F, 0x100));
        space.swap(List.of(), List.of(at(0x1000, 0x10FF, 0)));

        assertThat(space.read(0x100F, 1)).isEqualTo(0x0F);
        assertThat(space.read(0x1010, 2)).isEqualTo(0x100);
        assertThat(space.read(0x1020, 1)).isEqualTo(0x20);
    }

    @Test
    void whatWasHiddenAnswersAgainWhenTheUpperRangeGoes() {
        var upper = at(0x1000, 0x1FFF, 1);
        space.swap(List.of(), List.of(upper));
        space.swap(List.of(), List.of(at(0x1000, 0x1FFF, 7)));

        long before = space.read(0x1000, 1);
        space.swap(List.of(upper), List.of());

        assertThat(before).isEqualTo(1);
        assertThat(space.read(0x1000, 1)).isEqualTo(7);
    }

    @Test
    void aSwapIsOneChange() {
        var old = at(0x1000, 0x1FFF, 1);
        space.swap(List.of(), List.of(old));
        var changes = new AtomicInteger();
        space.onChange(changes::incrementAndGet);

        space.swap(List.of(old), List.of(at(0x3000, 0x3FFF, 1)));

        assertThat(changes).hasValue(1);
        assertThat(space.mappings()).hasSize(1);
    }

    @Test
    void aPlacedRangeThatLeavesTheSpaceIsLeftOut() {
        space.swap(List.of(), List.of(at(0xFFF0, 0x1_000F, 1)));

        assertThat(space.mappings()).isEmpty();
    }

    @Test
    void anAddressBeyondTheSpaceIsNobodys() {
        space.add(at(0xFF00, 0xFFFF, 1));

        assertThat(space.find(0x1_0000)).isInstanceOf(Mapping.Nothing.class);
        assertThat(space.find(-1)).isInstanceOf(Mapping.Nothing.class);
    }

    @Test
    void aBridgeRunsInNoStrandSoItMayEnterOne() {
        var bridge = new BusBridge() {
            @Override
            public long read(long offset, int size) {
                return strand.tryEnter() ? 1 : 0;
            }

            @Override
            public void write(long offset, int size, long value) {}
        };
        space.add(new Mapping.Device(0, 7, bridge, strand, 0, false));

        assertThat(space.read(0, 4)).isEqualTo(1);
    }
}
