package io.sluice.samples.mbochs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.mdev.MdevBus;
import io.sluice.vfio.mdev.MdevInstance;
import io.sluice.vfio.vfio.GfxPlane;
import io.sluice.vfio.vfio.GfxPlane.Query;
import io.sluice.vfio.vfio.VfioDevice;
import io.sluice.vfio.vfio.VfioRegion;
import io.sluice.vmm.testkit.DirectLoop;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What a guest's registers make of a small display's 4 MiB, and how its picture is had.
@Timeout(120)
class PicturesTest {
    private static final int REGISTERS = 2;
    private static final int MEMORY = 0;

    private final DirectLoop loop = new DirectLoop();
    private MdevInstance instance;
    private VfioDevice device;

    @BeforeEach
    void open() {
        var bus = new MdevBus();
        bus.register(new MbochsDriver());
        instance = bus.create("mbochs-small", UUID.randomUUID().toString(), loop::strand);
        device = instance.open();
    }

    private void set(DispiReg register, int value) {
        device.store(REGISTERS, register.spec().offset(), 2, value);
    }

    /// As a driver sets a mode.
    private void mode(int width, int height, int virtual, int x, int y) {
        set(DispiReg.ENABLE, 0);
        set(DispiReg.BPP, 32);
        set(DispiReg.XRES, width);
        set(DispiReg.YRES, height);
        set(DispiReg.BANK, 0);
        set(DispiReg.VIRT_WIDTH, virtual);
        set(DispiReg.VIRT_HEIGHT, 0xFFFF);
        set(DispiReg.X_OFFSET, x);
        set(DispiReg.Y_OFFSET, y);
        set(DispiReg.ENABLE, 0x41);
    }

    private GfxPlane query() {
        return device.queryGfxPlane(Query.primary(Query.DMABUF));
    }

    private static Errno refusal(org.assertj.core.api.ThrowableAssert.ThrowingCallable request) {
        return catchThrowableOfType(HostException.class, request).errno();
    }

    @Test
    void aModeIsAPictureFromTheFirstQueryOn() {
        mode(640, 480, 640, 0, 0);

        assertThat(query()).isEqualTo(new GfxPlane(GfxPlane.XR24, 640, 480, 2560, 640 * 480 * 4, 1));
    }

    @ParameterizedTest
    @CsvSource({
        // width, height, virtual width, x, y: what fits 4 MiB just so
        "64, 64, 0, 0, 0",
        "1024, 1024, 1024, 0, 0",
        "1024, 768, 1024, 0, 256",
        "800, 600, 1024, 224, 400",
        "64, 64, 16384, 0, 0"
    })
    void picturesOfThisMemoryAreShown(int width, int height, int virtual, int x, int y) {
        mode(width, height, virtual, x, y);

        assertThat(query())
                .extracting(GfxPlane::width, GfxPlane::height, GfxPlane::stride)
                .containsExactly(width, height, 4 * Math.max(width, virtual));
    }

    @ParameterizedTest
    @CsvSource({
        "63, 64, 64, 0, 0",
        "64, 63, 64, 0, 0",
        "0, 0, 0, 0, 0",
        "1024, 1025, 1024, 0, 0",
        "1024, 768, 1024, 0, 257",
        "1024, 768, 1024, 1, 256",
        "65535, 65535, 65535, 65535, 65535",
        "64, 64, 65535, 0, 0"
    })
    void whatDoesNotFitIsNoPictureAndNoError(int width, int height, int virtual, int x, int y) {
        mode(width, height, virtual, x, y);

        assertThat(query()).isEqualTo(GfxPlane.NONE);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 4, 8, 15, 16, 24, 33})
    void onlyThirtyTwoBitsAPixelAreShown(int depth) {
        mode(640, 480, 640, 0, 0);
        set(DispiReg.BPP, depth);

        assertThat(query()).isEqualTo(GfxPlane.NONE);
    }

    @Test
    void aDisplayThatIsOffShowsNothing() {
        mode(640, 480, 640, 0, 0);
        set(DispiReg.ENABLE, 0x40);

        assertThat(query()).isEqualTo(GfxPlane.NONE);
    }

    @ParameterizedTest
    @ValueSource(ints = {Query.OVERLAY, Query.CURSOR, 7})
    void otherPlanesShowNothing(int plane) {
        mode(640, 480, 640, 0, 0);

        assertThat(device.queryGfxPlane(new Query(Query.DMABUF, plane))).isEqualTo(GfxPlane.NONE);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, Query.PROBE, Query.REGION, Query.PROBE | Query.REGION, Query.DMABUF | Query.REGION, 8})
    void aPictureIsHadInADmaBufOnly(int flags) {
        assertThat(refusal(() -> device.queryGfxPlane(Query.primary(flags)))).isEqualTo(Errno.EINVAL);
        assertThat(device.queryGfxPlane(Query.primary(Query.PROBE | Query.DMABUF)))
                .isEqualTo(GfxPlane.NONE);
    }

    @Test
    void aModeKeepsItsIdAndAnotherHasAnother() {
        mode(640, 480, 640, 0, 0);
        int first = query().source();
        mode(800, 600, 800, 0, 0);
        int second = query().source();
        mode(640, 480, 640, 0, 0);

        assertThat(first).isEqualTo(1).isEqualTo(query().source());
        assertThat(second).isEqualTo(2);
    }

    @Test
    void theDmaBufIsTheMemoryOfThePictureInWholePages() {
        mode(72, 65, 1024, 0, 3);
        device.store(MEMORY, 3 * 4096, 4, 0xABCDEF);

        var memory = device.getGfxDmaBuf(query().source()).memory();

        assertThat(memory.offset()).isEqualTo(3 * 4096);
        assertThat(memory.length()).isEqualTo(65 * 4096);
        assertThat(memory.ram().get(memory.offset(), 4)).isEqualTo(0xABCDEF);
        assertThat(device.getGfxDmaBuf(1)).isSameAs(device.getGfxDmaBuf(1));
    }

    @Test
    void idsThatWereNotGivenAreRefused() {
        mode(640, 480, 640, 0, 0);
        query();

        assertThat(refusal(() -> device.getGfxDmaBuf(0))).isEqualTo(Errno.ENOENT);
        assertThat(refusal(() -> device.getGfxDmaBuf(2))).isEqualTo(Errno.ENOENT);
        assertThat(refusal(() -> device.getGfxDmaBuf(-1))).isEqualTo(Errno.ENOENT);
    }

    @Test
    void aPictureThatDoesNotStartAtAPageCannotBeExported() {
        mode(640, 480, 800, 1, 0);
        int id = query().source();

        assertThat(id).isEqualTo(1);
        assertThat(refusal(() -> device.getGfxDmaBuf(id))).isEqualTo(Errno.EINVAL);
    }

    @Test
    void nobodyReadsByADmaBufWhoseUserHasGone() {
        mode(640, 480, 640, 0, 0);
        var exported = device.getGfxDmaBuf(query().source());

        instance.release();

        assertThat(refusal(exported::memory)).isEqualTo(Errno.ENODEV);
        assertThat(refusal(() -> instance.open().getGfxDmaBuf(1))).isEqualTo(Errno.ENOENT);
    }

    @Test
    void aGuestThatChangesModesForEverPushesTheOldestOut() {
        mode(64, 64, 64, 0, 0);
        var oldest = device.getGfxDmaBuf(query().source());
        for (int i = 1; i <= Pictures.MOST; i++) {
            mode(64 + i, 64, 64 + i, 0, 0);
            query();
        }

        assertThat(refusal(oldest::memory)).isEqualTo(Errno.ENODEV);
        assertThat(refusal(() -> device.getGfxDmaBuf(1))).isEqualTo(Errno.ENOENT);
        assertThat(device.getGfxDmaBuf(2).memory().length()).isEqualTo(5 * 4096);
    }

    @Test
    void aResetTurnsThePictureOff() {
        mode(640, 480, 640, 0, 0);

        device.reset();

        assertThat(query()).isEqualTo(GfxPlane.NONE);
        assertThat(device.load(VfioRegion.CONFIG, 0, 4)).isEqualTo(0x1111_1234);
    }
}
