package io.sluice.samples.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.vfio.VfioRegion;
import io.sluice.vmm.testkit.ConfigDump;
import io.sluice.vmm.testkit.Golden;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The tables are as their golden files say.
@Timeout(120)
class RingTablesTest {
    private static final String PLACE = "mdev-samples/src/test/resources/ring/";

    @Test
    void theRegistersOfBothPages() {
        Golden.check(
                PLACE + "ring.regs.txt",
                "owner's page\n" + RingReg.TABLE.text() + "\ndoorbell page\n" + DoorbellReg.TABLE.text());
    }

    @Test
    void configurationSpace() {
        var small = new RingRig("ring-4", 16).device;
        var large = new RingRig("ring-64", 16).device;
        small.reset();
        large.reset();

        Golden.check(
                PLACE + "config.txt",
                ConfigDump.of("ring-4", o -> (int) small.load(VfioRegion.CONFIG, o, 1))
                        + ConfigDump.of("ring-64", o -> (int) large.load(VfioRegion.CONFIG, o, 1)));
    }

    @Test
    void barsAnswerSizing() {
        var device = new RingRig("ring-64", 16).device;

        device.store(VfioRegion.CONFIG, 0x10, 4, 0xFFFF_FFFFL);
        device.store(VfioRegion.CONFIG, 0x14, 4, 0xFFFF_FFFFL);
        device.store(VfioRegion.CONFIG, 0x18, 4, 0xFFFF_FFFFL);

        assertThat(device.load(VfioRegion.CONFIG, 0x10, 4)).isEqualTo(0xFFFF_F000L);
        assertThat(device.load(VfioRegion.CONFIG, 0x14, 4)).isZero();
        assertThat(device.load(VfioRegion.CONFIG, 0x18, 4)).isEqualTo(0xFFFC_0000L);
    }
}
