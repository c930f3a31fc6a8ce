package io.sluice.samples.mdpy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.mdev.MdevBus;
import io.sluice.vfio.mdev.MdevInstance;
import io.sluice.vfio.vfio.GfxPlane;
import io.sluice.vfio.vfio.GfxPlane.Query;
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
class MdpyDeviceTest {
    private static final String GOLDEN = "mdev-samples/src/test/resources/mdpy/config.txt";
    private static final int BAR = 0;
    private static final int DISPLAY = 16;

    private final DirectLoop loop = new DirectLoop();
    private final MdevBus bus = new MdevBus();

    @BeforeEach
    void register() {
        bus.register(new MdpyDriver());
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

    private static Errno refusal(org.assertj.core.api.ThrowableAssert.ThrowingCallable request) {
        return catchThrowableOfType(HostException.class, request).errno();
    }

    @Test
    void threeTypesShareFourInstances() {
        assertThat(bus.parents()).containsExactly("mdpy");
        assertThat(bus.types())
                .extracting(MdevBus.TypeInfo::name, MdevBus.TypeInfo::description, MdevBus.TypeInfo::available)
                .containsExactlyInAnyOrder(
                        tuple("mdpy-vga", "virtual display, 640x480 framebuffer", 4),
                        tuple("mdpy-xga", "virtual display, 1024x768 framebuffer", 4),
                        tuple("mdpy-hd", "virtual display, 1920x1080 framebuffer", 4));

        var first = create("mdpy-vga");
        create("mdpy-xga");
        create("mdpy-hd");
        create("mdpy-vga");
        var refused = refusal(() -> create("mdpy-xga"));
        bus.remove(first.uuid());

        assertThat(refused).isEqualTo(Errno.EUSERS);
        assertThat(bus.types()).extracting(MdevBus.TypeInfo::available).containsOnly(1);
    }

    @Test
    void configurationSpacesAreAsTheGoldenFileSays() {
        var text = new StringBuilder();
        for (var type : new String[] {"mdpy-vga", "mdpy-xga", "mdpy-hd"}) {
            var device = open(type);
            text.append(ConfigDump.of(type, o -> o < 255 ? config(device, o, 1) : 0));
        }

        Golden.check(GOLDEN, text.toString());
    }

    @ParameterizedTest
    @CsvSource({"mdpy-vga, 640, 480, 0x200000", "mdpy-xga, 1024, 768, 0x400000", "mdpy-hd, 1920, 1080, 0x800000"})
    void theCapabilityTellsFormatAndSizeAndTheBarHoldsThem(String type, int width, int height, int memory) {
        var device = open(type);

        device.store(VfioRegion.CONFIG, 0x10, 4, 0xFFFF_FFFFL);

        assertThat(config(device, 0x00, 4)).isEqualTo(0x000F_1B36);
        assertThat(config(device, 0x2C, 4)).isEqualTo(0x1100_1AF4);
        assertThat(config(device, 0x34, 1)).isEqualTo(0x40);
        assertThat(config(device, 0x40, 4)).isEqualTo(0x10_00_09);
        assertThat(config(device, 0x44, 4)).isEqualTo('X' | 'R' << 8 | '2' << 16 | '4' << 24);
        assertThat(config(device, 0x48, 4)).isEqualTo(width);
        assertThat(config(device, 0x4C, 4)).isEqualTo(height);
        assertThat(config(device, 0x10, 4)).isEqualTo(-memory | 8);
        assertThat(device.regionInfo(BAR).size()).isEqualTo(memory);
    }

    @Test
    void barAndDisplayRegionAreOneMemoryThatCanBeMapped() {
        var device = open("mdpy-vga");
        int flags = VfioRegion.READ | VfioRegion.WRITE | VfioRegion.MMAP;

        device.store(BAR, 0x1234, 4, 0xCAFE_F00DL);

        assertThat(device.info().regions()).isEqualTo(17);
        assertThat(device.regionInfo(BAR).flags()).isEqualTo(flags);
        assertThat(device.regionInfo(DISPLAY).flags()).isEqualTo(flags);
        assertThat(device.regionInfo(VfioRegion.CONFIG).flags()).isEqualTo(VfioRegion.READ | VfioRegion.WRITE);
        assertThat(device.regionInfo(VfioRegion.CONFIG).size()).isEqualTo(0xFF);
        assertThat(device.load(DISPLAY, 0x1234, 4)).isEqualTo(0xCAFE_F00DL);
        assertThat(device.mmap(BAR, 0, 0x20_0000)).isEqualTo(device.mmap(DISPLAY, 0, 0x20_0000));
        assertThat(device.mmap(DISPLAY, 0x1000, 0x1000).ram().get(0x1234, 4)).isEqualTo(0xCAFE_F00DL);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 15})
    void noOtherRegionIsThereOrCanBeMapped(int region) {
        var device = open("mdpy-vga");

        assertThat(refusal(() -> device.mmap(region, 0, 0x1000))).isEqualTo(Errno.EINVAL);
        assertThat(device.regionInfo(region).size()).isEqualTo(region == VfioRegion.CONFIG ? 0xFF : 0);
    }

    @Test
    void aMappingBeyondTheMemoryIsRefused() {
        var device = open("mdpy-vga");

        assertThat(refusal(() -> device.mmap(BAR, 0, 0x20_1000))).isEqualTo(Errno.EINVAL);
        assertThat(refusal(() -> device.mmap(BAR, 0x20_0000, 0x1000))).isEqualTo(Errno.EINVAL);
        assertThat(refusal(() -> device.mmap(BAR, 0x800, 0x1000))).isEqualTo(Errno.EINVAL);
        assertThat(refusal(() -> device.mmap(BAR, 0, 0))).isEqualTo(Errno.EINVAL);
        assertThat(refusal(() -> device.mmap(17, 0, 0x1000))).isEqualTo(Errno.EINVAL);
    }

    @Test
    void itHasNoInterrupts() {
        var device = open("mdpy-vga");

        for (var irq : VfioIrq.values()) {
            assertThat(device.irqInfo(irq.ordinal()).count()).isZero();
            assertThat(refusal(() -> device.setIrqs(SetIrqs.trigger(irq, 0, () -> {}))))
                    .isEqualTo(Errno.EINVAL);
        }
        assertThat(config(device, 0x3D, 1)).isZero();
    }

    @Test
    void itsPictureIsInARegion() {
        var device = open("mdpy-xga");

        assertThat(device.queryGfxPlane(Query.primary(Query.REGION)))
                .isEqualTo(new GfxPlane(GfxPlane.XR24, 1024, 768, 4096, 0x40_0000, DISPLAY));
        assertThat(device.queryGfxPlane(Query.primary(Query.PROBE | Query.REGION)))
                .isEqualTo(GfxPlane.NONE);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, Query.PROBE, Query.DMABUF, Query.PROBE | Query.DMABUF, Query.REGION | Query.DMABUF, 8})
    void aPictureCannotBeHadInAnotherWay(int flags) {
        var device = open("mdpy-vga");

        assertThat(refusal(() -> device.queryGfxPlane(Query.primary(flags)))).isEqualTo(Errno.EINVAL);
        assertThat(refusal(() -> device.getGfxDmaBuf(1))).isEqualTo(Errno.ENOTTY);
    }

    @ParameterizedTest
    @CsvSource({"mdpy-vga, 640, 480", "mdpy-hd, 1920, 1080"})
    void aResetPaintsAGradient(String type, int width, int height) {
        var device = open(type);
        device.store(BAR, 0, 8, -1);
        device.store(BAR, 4L * width * (height - 1), 8, 0);

        device.reset();

        assertThat(device.load(BAR, 0, 8)).isZero();
        for (int y = 0; y < height; y++) {
            long gray = y * 255 / height * 0x01010101L;
            assertThat(device.load(BAR, 4L * width * y, 4)).isEqualTo(gray);
            assertThat(device.load(BAR, 4L * width * y + 4L * width - 4, 4)).isEqualTo(gray);
        }
    }

    @Test
    void readsAndWritesOfTheFileGoWhereTheyPoint() {
        var device = open("mdpy-vga");
        var bytes = new byte[] {1, 2, 3, 4, 5, 6, 7};

        device.write(VfioRegion.fileOffset(BAR) + 0x10001, bytes, 0, 7);

        var back = new byte[7];
        device.read(VfioRegion.fileOffset(DISPLAY) + 0x10001, back, 0, 7);
        assertThat(back).isEqualTo(bytes);
        assertThat(device.load(BAR, 0, 4)).isZero();
    }

    @Test
    void theNextUserSeesNothingOfTheLast() {
        var instance = create("mdpy-vga");
        var device = instance.open();
        long behind = 640L * 480 * 4;
        device.store(BAR, behind, 4, 0x5EC2E7);
        device.store(BAR, 0, 4, 0x5EC2E7);

        instance.release();

        var next = instance.open();
        assertThat(next.load(BAR, behind, 4)).isZero();
        assertThat(next.load(BAR, 0, 4)).isZero();
        assertThat(next.load(BAR, 640L * 4 * 479, 4)).isEqualTo(254 * 0x01010101L);
    }

    @Test
    void onlyTheBarCanBeWritten() {
        var device = open("mdpy-vga");

        for (int offset = 0; offset < 0xFC; offset += 4) {
            device.store(VfioRegion.CONFIG, offset, 4, 0x5A5A_5A5AL);
        }

        assertThat(config(device, 0x04, 2)).isEqualTo(3);
        assertThat(config(device, 0x48, 4)).isEqualTo(640);
        assertThat(config(device, 0x10, 4)).isEqualTo(0x5A40_0008);
        assertThat(config(device, 0x3C, 1)).isZero();
    }
}
