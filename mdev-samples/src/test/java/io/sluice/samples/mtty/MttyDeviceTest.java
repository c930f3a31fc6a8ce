package io.sluice.samples.mtty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.mdev.MdevBus;
import io.sluice.vfio.mdev.MdevInstance;
import io.sluice.vfio.vfio.SetIrqs;
import io.sluice.vfio.vfio.VfioDevice;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vfio.vfio.VfioRegion;
import io.sluice.vmm.testkit.ConfigDump;
import io.sluice.vmm.testkit.DirectLoop;
import io.sluice.vmm.testkit.Golden;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class MttyDeviceTest {
    private static final String GOLDEN = "mdev-samples/src/test/resources/mtty/config.txt";

    private final DirectLoop loop = new DirectLoop();
    private final MdevBus bus = new MdevBus();

    @BeforeEach
    void register() {
        bus.register(new MttyDriver());
    }

    private MdevInstance create(String type) {
        return bus.create(type, UUID.randomUUID().toString(), loop::strand);
    }

    private static int config(VfioDevice device, int offset, int size) {
        return (int) device.load(VfioRegion.CONFIG, offset, size);
    }

    @Test
    void thePoolHasTwentyFourPorts() {
        for (int i = 0; i < 11; i++) {
            create("mtty-2");
        }
        var single = create("mtty-1");

        var refused = catchThrowableOfType(HostException.class, () -> create("mtty-2"));
        create("mtty-1");
        var empty = catchThrowableOfType(HostException.class, () -> create("mtty-1"));
        bus.remove(single.uuid());

        assertThat(refused.errno()).isEqualTo(Errno.ENOSPC);
        assertThat(empty.errno()).isEqualTo(Errno.ENOSPC);
        assertThat(bus.types())
                .extracting(MdevBus.TypeInfo::name, MdevBus.TypeInfo::title, MdevBus.TypeInfo::available)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("mtty-1", "Single port serial", 1),
                        org.assertj.core.groups.Tuple.tuple("mtty-2", "Dual port serial", 0));
    }

    @Test
    void configurationSpacesAreAsTheGoldenFileSays() {
        var single = create("mtty-1").open();
        var dual = create("mtty-2").open();

        Golden.check(
                GOLDEN,
                ConfigDump.of("mtty-1", o -> o < 255 ? config(single, o, 1) : 0)
                        + ConfigDump.of("mtty-2", o -> o < 255 ? config(dual, o, 1) : 0));
    }

    @Test
    void barsAnswerSizingAndKeepTheirKind() {
        var device = create("mtty-2").open();

        device.store(VfioRegion.CONFIG, 0x10, 4, 0xFFFF_FFFFL);
        device.store(VfioRegion.CONFIG, 0x14, 4, 0xC010);
        device.store(VfioRegion.CONFIG, 0x18, 4, 0xFFFF_FFFFL);
        device.store(VfioRegion.CONFIG, 0x04, 2, 0xFFFF);

        assertThat(config(device, 0x10, 4)).isEqualTo(0xFFFF_FFF9);
        assertThat(config(device, 0x14, 4)).isEqualTo(0xC011);
        assertThat(config(device, 0x18, 4)).isZero();
        assertThat(config(device, 0x04, 2)).isEqualTo(1);
    }

    @Test
    void theSingleCardHasOneBar() {
        var device = create("mtty-1").open();
        device.store(VfioRegion.CONFIG, 0x14, 4, 0xFFFF_FFFFL);

        assertThat(config(device, 0x14, 4)).isZero();
        assertThat(device.regionInfo(0).size()).isEqualTo(8);
        assertThat(device.regionInfo(1).size()).isZero();
        assertThat(device.regionInfo(VfioRegion.CONFIG).size()).isEqualTo(0xFF);
    }

    @Test
    void theLineIsUpWhileEitherPortHasACause() {
        var device = create("mtty-2").open();
        var heard = new int[1];
        device.setIrqs(SetIrqs.trigger(VfioIrq.INTX, 0, () -> heard[0]++));

        device.store(0, 1, 1, 2);
        device.store(1, 1, 1, 2);
        device.store(0, 1, 1, 0);
        device.setIrqs(SetIrqs.none(SetIrqs.ACTION_UNMASK, VfioIrq.INTX, 0, 1));
        int stillUp = heard[0];
        device.store(1, 1, 1, 0);
        device.setIrqs(SetIrqs.none(SetIrqs.ACTION_UNMASK, VfioIrq.INTX, 0, 1));

        assertThat(stillUp).isEqualTo(2);
        assertThat(heard[0]).isEqualTo(2);
    }

    @Test
    void withMsiEachNewCauseIsAMessage() {
        var device = create("mtty-2").open();
        var heard = new int[1];
        device.setIrqs(SetIrqs.trigger(VfioIrq.MSI, 0, () -> heard[0]++));

        device.store(0, 1, 1, 2);
        device.store(0, 7, 1, 0x55);
        device.store(1, 1, 1, 2);

        assertThat(heard[0]).isEqualTo(2);
        assertThat(device.load(0, 7, 1)).isEqualTo(0x55);
    }
}
