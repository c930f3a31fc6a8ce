package io.sluice.vmm.bus;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.memory.GuestRam;
import io.sluice.vmm.testkit.FakeLoop;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class MeteredRouteTest {
    private static final long DEVICE = 0x10000;
    private static final long NOTHING = 0x20000;

    private final FakeLoop loop = new FakeLoop();
    private final AddressSpace space = new AddressSpace("memory", 0xF_FFFF);
    private final GuestRam ram = GuestRam.allocate(0x1000);
    private final TrapMeter meter = new TrapMeter(3);
    private final Route route = Route.metered(space, meter);
    private long stored;

    private final BusDevice register = new BusDevice() {
        @Override
        public long read(long offset, int size) {
            return stored;
        }

        @Override
        public void write(long offset, int size, long value) {
            stored = value;
        }
    };

    MeteredRouteTest() {
        space.mapRam(0, 0x1000, ram, 0, true);
    }

    @AfterEach
    void close() {
        ram.close();
    }

    @Test
    void whatGoesToADeviceIsCountedAndOneInSoManyIsTimed() {
        space.mapDevice(DEVICE, 0x1000, register, loop.newStrand());

        for (int i = 0; i < 7; i++) {
            route.write(DEVICE, 4, i);
            assertThat(route.read(DEVICE, 4)).isEqualTo(i);
        }

        assertThat(meter.reads()).isEqualTo(7);
        assertThat(meter.writes()).isEqualTo(7);
        assertThat(meter.readTime().snapshot().count()).isEqualTo(3);
        assertThat(meter.writeTime().snapshot().count()).isEqualTo(3);
    }

    @Test
    void whatNobodyAnswersLeavesTheGuestTooButRamDoesNot() {
        route.write(0x10, 4, 7);
        route.read(0x10, 4);
        route.write(NOTHING, 4, 7);
        long answer = route.read(NOTHING, 4);

        assertThat(answer).isEqualTo(0xFFFF_FFFFL);
        assertThat(meter.reads()).isEqualTo(1);
        assertThat(meter.writes()).isEqualTo(1);
        assertThat(space.unclaimed()).isEqualTo(2);
    }

    @Test
    void theDepthOfThePostedQueueIsTakenBehindEachPostedWrite() {
        Strand strand = loop.newStrand();
        space.add(new Mapping.Device(DEVICE, DEVICE + 0xFFF, register, strand, 0, true));

        route.write(DEVICE, 4, 1);
        route.write(DEVICE, 4, 2);
        route.write(DEVICE, 4, 3);
        loop.run();

        assertThat(meter.posted().snapshot().count()).isEqualTo(3);
        assertThat(meter.posted().snapshot().sum()).isEqualTo(1 + 2 + 3);
        assertThat(stored).isEqualTo(3);
    }
}
