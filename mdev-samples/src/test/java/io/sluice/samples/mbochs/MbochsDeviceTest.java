package io.sluice.samples.mbochs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.mdev.MdevBus;
import io.sluice.vfio.mdev.MdevInstance;
import io.sluice.vfio.vfio.RegionCapability;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class MbochsDeviceTest {
    private static final String CONFIG_GOLDEN = "mdev-samples/src/test/resources/mbochs/config.txt";
    private static final String REGISTERS_GOLDEN = "mdev-samples/src/test/resources/mbochs/mbochs.regs.txt";
    private static final int MEMORY = 0;
    private static final int REGISTERS = 2;
    private static final int EDID = 9;
    private static final int EDID_SIZE = 8;
    private static final int LINK_STATE = 0x14;
    private static final int BLOB = 0x800;

    private final DirectLoop loop = new DirectLoop();
    private final MdevBus bus = new MdevBus();

    @BeforeEach
    void register() {
        bus.register(new MbochsDriver());
    }

    private MdevInstance create(String type) {
        return bus.create(type, UUID.randomUUID().toString(), loop::strand);
    }

    private VfioDevice open(String type) {
        return create(type).open();
    }

    private static int config(VfioDevice device, int offset, int size) {
        return (int) device.load(VfioRegion.CONFIG, offset, size);
    }

    private static int dispi(VfioDevice device, DispiReg register) {
        return (int) device.load(REGISTERS, register.spec().offset(), 2);
    }

    private static Errno refusal(org.assertj.core.api.ThrowableAssert.ThrowingCallable request) {
        return catchThrowableOfType(HostException.class, request).errno();
    }

    @Test
    void aPoolOf256MebibytesServesThreeTypes() {
        assertThat(bus.types())
                .extracting(MdevBus.TypeInfo::name, MdevBus.TypeInfo::description, MdevBus.TypeInfo::available)
                .containsExactlyInAnyOrder(
                        tuple("mbochs-small", "virtual display, 4 MB video memory", 64),
                        tuple("mbochs-medium", "virtual display, 16 MB video memory", 16),
                        tuple("mbochs-large", "virtual display, 64 MB video memory", 4));

        create("mbochs-large");
        create("mbochs-large");
        var third = create("mbochs-large");
        create("mbochs-medium");
        var refused = refusal(() -> create("mbochs-large"));
        create("mbochs-medium");
        bus.remove(third.uuid());

        assertThat(refused).isEqualTo(Errno.ENOSPC);
        assertThat(bus.types())
                .extracting(MdevBus.TypeInfo::name, MdevBus.TypeInfo::available)
                .containsExactlyInAnyOrder(
                        tuple("mbochs-small", 24), tuple("mbochs-medium", 6), tuple("mbochs-large", 1));
    }

    @Test
    void configurationSpacesAreAsTheGoldenFileSays() {
        var text = new StringBuilder();
        for (var type : new String[] {"mbochs-small", "mbochs-medium", "mbochs-large"}) {
            var device = open(type);
            text.append(ConfigDump.of(type, o -> o < 255 ? config(device, o, 1) : 0));
        }

        Golden.check(CONFIG_GOLDEN, text.toString());
    }

    @Test
    void registersAreAsTheGoldenFileSays() {
        Golden.check(REGISTERS_GOLDEN, Dispi.TABLE.text() + EdidRegion.TABLE.text());
    }

    @ParameterizedTest
    @CsvSource({"mbochs-small, 4", "mbochs-medium, 16", "mbochs-large, 64"})
    void barsHaveTheMemoryAndAPageOfRegisters(String type, int mebibytes) {
        var device = open(type);

        device.store(VfioRegion.CONFIG, 0x10, 4, 0xFFFF_FFFFL);
        device.store(VfioRegion.CONFIG, 0x14, 4, 0xFFFF_FFFFL);
        device.store(VfioRegion.CONFIG, 0x18, 4, 0xFFFF_FFFFL);

        assertThat(config(device, 0x00, 4)).isEqualTo(0x1111_1234);
        assertThat(config(device, 0x2C, 4)).isEqualTo(0x1100_1AF4);
        assertThat(config(device, 0x10, 4)).isEqualTo(-(mebibytes << 20) | 8);
        assertThat(config(device, 0x14, 4)).isZero();
        assertThat(config(device, 0x18, 4)).isEqualTo(-4096);
        assertThat(device.regionInfo(MEMORY).size()).isEqualTo((long) mebibytes << 20);
        assertThat(device.regionInfo(REGISTERS).size()).isEqualTo(4096);
        assertThat(dispi(device, DispiReg.VIDEO_MEMORY_64K)).isEqualTo(mebibytes * 16);
    }

    @Test
    void regionsAreMemoryRegistersConfigurationAndTheMonitors() {
        var device = open("mbochs-small");
        int plain = VfioRegion.READ | VfioRegion.WRITE;

        assertThat(device.info().regions()).isEqualTo(10);
        assertThat(device.regionInfo(MEMORY).flags()).isEqualTo(plain | VfioRegion.MMAP);
        assertThat(device.regionInfo(REGISTERS).flags()).isEqualTo(plain);
        assertThat(device.regionInfo(VfioRegion.CONFIG).size()).isEqualTo(0xFF);
        assertThat(device.regionInfo(EDID).flags()).isEqualTo(plain | VfioRegion.CAPS);
        assertThat(device.regionInfo(EDID).size()).isEqualTo(4096);
        assertThat(device.regionInfo(EDID).capabilities()).containsExactly(new RegionCapability.Type(1, 1));
        assertThat(refusal(() -> device.mmap(REGISTERS, 0, 4096))).isEqualTo(Errno.EINVAL);
        assertThat(refusal(() -> device.mmap(EDID, 0, 4096))).isEqualTo(Errno.EINVAL);
        assertThat(refusal(() -> device.regionInfo(10))).isEqualTo(Errno.EINVAL);
    }

    @Test
    void itHasNoInterruptsAndNoCapabilities() {
        var device = open("mbochs-small");

        for (var irq : VfioIrq.values()) {
            assertThat(device.irqInfo(irq.ordinal()).count()).isZero();
            assertThat(refusal(() -> device.setIrqs(SetIrqs.trigger(irq, 0, () -> {}))))
                    .isEqualTo(Errno.EINVAL);
        }
        assertThat(config(device, 0x06, 2)).isZero();
        assertThat(config(device, 0x34, 1)).isZero();
        assertThat(config(device, 0x3D, 1)).isZero();
    }

    // ---- registers of the display interface

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void everyDispiRegisterKeeps16BitsUntilAReset(int index) {
        var device = open("mbochs-small");
        var register = DispiReg.values()[index];
        int before = dispi(device, register);

        device.store(REGISTERS, register.spec().offset(), 2, 0xA5C3);
        int kept = dispi(device, register);
        device.reset();

        assertThat(kept).isEqualTo(0xA5C3);
        assertThat(dispi(device, register)).isEqualTo(before).isEqualTo(index == 0 ? 0xB0C5 : index == 10 ? 64 : 0);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 8})
    void accessesOfAnotherSizeFindNoRegister(int size) {
        var device = open("mbochs-small");

        device.store(REGISTERS, 0x500, size, 0x1122_3344_5566_7788L);

        assertThat(device.load(REGISTERS, 0x500, size)).isZero();
        assertThat(dispi(device, DispiReg.ID)).isEqualTo(0xB0C5);
    }

    @ParameterizedTest
    @ValueSource(ints = {0x400, 0x402, 0x41E, 0x420, 0x4FE, 0x516, 0x600, 0x604, 0xFFE})
    void vgaPortsAndWhatIsNoRegisterReadAsNoughtAndTakeNothing(int offset) {
        var device = open("mbochs-small");

        device.store(REGISTERS, offset, 2, 0xFFFF);

        assertThat(device.load(REGISTERS, offset, 2)).isZero();
        assertThat(device.load(REGISTERS, offset, 1)).isZero();
    }

    // ---- the monitor

    @Test
    void theEdidRegionTellsItsLayoutAndTheTypesLimits() {
        var small = open("mbochs-small");
        var large = open("mbochs-large");

        assertThat(small.load(EDID, 0, 4)).isEqualTo(BLOB);
        assertThat(small.load(EDID, 4, 4)).isEqualTo(0x400);
        assertThat(small.load(EDID, 0x0C, 4)).isEqualTo(800);
        assertThat(small.load(EDID, 0x10, 4)).isEqualTo(600);
        assertThat(large.load(EDID, 0x0C, 8)).isZero();
        assertThat(small.load(EDID, EDID_SIZE, 4)).isZero();
        assertThat(small.load(EDID, LINK_STATE, 4)).isZero();
    }

    @ParameterizedTest
    @CsvSource({"0, false", "4, false", "8, true", "12, false", "16, false", "20, true"})
    void sizeAndLinkCanBeWrittenTheRestNot(int offset, boolean writable) {
        var device = open("mbochs-small");
        long before = device.load(EDID, offset, 4);

        device.store(EDID, offset, 4, 0x1234);

        assertThat(device.load(EDID, offset, 4)).isEqualTo(writable ? 0x1234 : before);
    }

    @Test
    void itsRegistersTakeAccessesOfFourBytesOnly() {
        var device = open("mbochs-small");

        device.store(EDID, EDID_SIZE, 2, 5);
        device.store(EDID, EDID_SIZE, 1, 5);
        device.store(EDID, 6, 4, 5);

        assertThat(device.load(EDID, EDID_SIZE, 4)).isZero();
        assertThat(device.load(EDID, 0, 2)).isZero();
        assertThat(device.load(EDID, 0, 8)).isEqualTo(0x400L << 32 | BLOB);
        assertThat(device.load(EDID, 24, 4)).isZero();
    }

    @Test
    void theGuestReadsTheEdidWhileTheLinkIsUp() {
        var device = open("mbochs-small");
        var edid = new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
        device.write(VfioRegion.fileOffset(EDID) + BLOB, edid, 0, edid.length);
        device.store(EDID, EDID_SIZE, 4, 6);

        long before = device.load(REGISTERS, 0, 4);
        device.store(EDID, LINK_STATE, 4, 1);
        long up = device.load(REGISTERS, 0, 4);
        long cut = device.load(REGISTERS, 4, 4);
        device.store(REGISTERS, 0, 4, -1);
        long unwritten = device.load(REGISTERS, 0, 4);
        device.store(EDID, LINK_STATE, 4, 2);

        assertThat(before).isZero();
        assertThat(up).isEqualTo(0x0403_0201).isEqualTo(unwritten);
        assertThat(cut).isEqualTo(0x0605);
        assertThat(device.load(REGISTERS, 0, 4)).isZero();
        assertThat(device.load(EDID, BLOB + 6, 4)).isEqualTo(0x0A09_0807);
    }

    @Test
    void anEdidSizeThatLiesShowsNothingElse() {
        var device = open("mbochs-small");
        device.store(EDID, BLOB + 0x3FC, 4, 0x7777_7777);
        device.store(EDID, BLOB + 0x400, 4, 0x8888_8888L);
        device.store(EDID, EDID_SIZE, 4, 0xFFFF_FFFFL);
        device.store(EDID, LINK_STATE, 4, 1);

        assertThat(device.load(REGISTERS, 0x3FC, 4)).isEqualTo(0x7777_7777);
        assertThat(device.load(REGISTERS, 0x400, 4)).isZero();
        assertThat(device.load(EDID, BLOB + 0x400, 4)).isZero();
    }

    @Test
    void aResetLeavesMemoryAndMonitorAndTheNextUserFindsNeither() {
        var instance = create("mbochs-small");
        var device = instance.open();
        device.store(MEMORY, 0x1000, 4, 0x5EC2E7);
        device.store(EDID, LINK_STATE, 4, 1);
        device.store(EDID, BLOB, 4, 0x5EC2E7);

        device.reset();
        long memory = device.load(MEMORY, 0x1000, 4);
        long link = device.load(EDID, LINK_STATE, 4);
        instance.release();

        var next = instance.open();
        assertThat(memory).isEqualTo(0x5EC2E7);
        assertThat(link).isEqualTo(1);
        assertThat(next.load(MEMORY, 0x1000, 4)).isZero();
        assertThat(next.load(EDID, LINK_STATE, 4)).isZero();
        assertThat(next.load(EDID, BLOB, 4)).isZero();
    }

    // ---- memory

    @Test
    void videoMemoryIsOneHoweverItIsReached() {
        var device = open("mbochs-small");
        var mapped = device.mmap(MEMORY, 0x2000, 0x1000);
        var bytes = new byte[] {1, 2, 3, 4, 5};

        device.write(VfioRegion.fileOffset(MEMORY) + 0x2003, bytes, 0, 5);

        var back = new byte[5];
        mapped.read(3, back, 0, 5);
        assertThat(back).isEqualTo(bytes);
        assertThat(device.load(MEMORY, 0x2004, 4)).isEqualTo(0x0504_0302);
        assertThat(device.load(MEMORY, (4L << 20) - 1, 2)).isEqualTo(-1);
    }
}
