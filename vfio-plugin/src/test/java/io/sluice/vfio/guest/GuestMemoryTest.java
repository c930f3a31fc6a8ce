package io.sluice.vfio.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.testkit.FrameDevice;
import io.sluice.vfio.vfio.GfxPlane;
import io.sluice.vfio.vfio.RegionCapability.Area;
import io.sluice.vfio.vfio.RegionCapability.SparseMmap;
import io.sluice.vfio.vfio.VfioDevice;
import io.sluice.vfio.vfio.VfioRegion;
import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.bus.Mapping;
import io.sluice.vmm.pci.PciFunction;
import io.sluice.vmm.plugin.Surface;
import io.sluice.vmm.testkit.PciBoard;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Regions that are memory, as the guest and as a display see them. The device's BAR 0 has 16 KiB.
@Timeout(120)
class GuestMemoryTest {
    private static final int DEVICE = 3;
    private static final int READ_WRITE_MMAP = VfioRegion.READ | VfioRegion.WRITE | VfioRegion.MMAP;

    private final PciBoard board = new PciBoard();
    private final FrameDevice frames = new FrameDevice();

    @AfterEach
    void close() {
        board.close();
        frames.close();
    }

    private VfioDevice device(VfioRegion bar) {
        frames.bar = bar;
        return new VfioDevice(frames, board.loop.strand());
    }

    private static VfioRegion sparse(Area... areas) {
        return new VfioRegion(FrameDevice.SIZE, READ_WRITE_MMAP, List.of(new SparseMmap(List.of(areas))));
    }

    private PciFunction place(VfioDevice device) {
        var function = new GuestFunction("vfio-pci", device).function();
        board.host.add(Bdf.of(0, DEVICE, 0), function);
        board.host.assignResources();
        board.enable(DEVICE, 2);
        return function;
    }

    private Mapping at(long offset) {
        return board.memory.find(board.bar(DEVICE, 0) + offset);
    }

    // ---- what the guest reaches

    @Test
    void aRegionThatCanBeMappedIsMemoryOfTheGuests() {
        place(device(VfioRegion.memory(FrameDevice.SIZE)));

        board.memory.write(board.bar(DEVICE, 0) + 0x123, 2, 0xBEEF);

        assertThat(at(0x3FFF)).isInstanceOf(Mapping.Ram.class);
        assertThat(frames.ram.get(0x123, 2)).isEqualTo(0xBEEF);
        assertThat(frames.accesses).isZero();
    }

    @Test
    void ofASparseRegionTheAreasAreMemoryAndTheRestIsTrapped() {
        place(device(sparse(new Area(0x1000, 0x1000), new Area(0x3000, 0x1000))));

        board.memory.read(board.bar(DEVICE, 0) + 0x2010, 4);

        assertThat(at(0)).isInstanceOf(Mapping.Device.class);
        assertThat(at(0x1000)).isInstanceOf(Mapping.Ram.class);
        assertThat(at(0x2000)).isInstanceOf(Mapping.Device.class);
        assertThat(at(0x3000)).isInstanceOf(Mapping.Ram.class);
        assertThat(frames.accesses).isEqualTo(1);
    }

    @Test
    void aRegionWithoutMmapIsTrapped() {
        place(device(VfioRegion.trapped(FrameDevice.SIZE)));

        assertThat(at(0x1000)).isInstanceOf(Mapping.Device.class);
    }

    @Test
    void memoryGoesWithDecodingAndWithTheFunction() {
        var function = place(device(VfioRegion.memory(FrameDevice.SIZE)));
        long base = board.bar(DEVICE, 0);

        board.enable(DEVICE, 0);
        var off = board.memory.find(base);
        board.enable(DEVICE, 2);
        var on = board.memory.find(base);
        board.host.remove(function);

        assertThat(off).isInstanceOf(Mapping.Nothing.class);
        assertThat(on).isInstanceOf(Mapping.Ram.class);
        assertThat(board.memory.find(base)).isInstanceOf(Mapping.Nothing.class);
    }

    @ParameterizedTest
    @CsvSource({"0x800, 0x1000", "0x4000, 0x1000", "0x1000, 0x800", "-4096, 0x2000", "0, -1", "0, 0"})
    void areasThatCannotBeAreTrapped(String offset, String length) {
        place(device(sparse(new Area(Long.decode(offset), Long.decode(length)))));

        assertThat(at(0)).isInstanceOf(Mapping.Device.class);
        assertThat(at(0x3000)).isInstanceOf(Mapping.Device.class);
    }

    @Test
    void areasThatOverlapAreMemoryOnce() {
        place(device(sparse(new Area(0, 0x2000), new Area(0x1000, 0x2000), new Area(0x2000, 0x1000))));

        assertThat(at(0x1000)).isInstanceOf(Mapping.Ram.class);
        assertThat(at(0x2000)).isInstanceOf(Mapping.Ram.class);
        assertThat(at(0x3000)).isInstanceOf(Mapping.Device.class);
    }

    @Test
    void aRegionLargerThanItsMemoryIsTrapped() {
        place(device(VfioRegion.memory(FrameDevice.SIZE * 2)));

        assertThat(at(0)).isInstanceOf(Mapping.Ram.class);
        assertThat(at(0x3FFF)).isInstanceOf(Mapping.Ram.class);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0x1000, 0x1000, true",
        "0, 0x1000, 0x800, false",
        "0, 0x1800, 0x800, false",
        "0, 0x0, 0x1000, false",
        "0, 0x1000, 0x3000, false",
        "0, 0x3000, 0x1000, true",
        "7, 0x0, 0x1000, false",
        "-1, 0x0, 0x1000, false",
        "9, 0x0, 0x1000, false"
    })
    void mmapTakesWholePagesOfOneArea(int region, String offset, String length, boolean taken) {
        var device = device(sparse(new Area(0x1000, 0x1000), new Area(0x3000, 0x1000)));

        var refused = catchThrowableOfType(
                HostException.class, () -> device.mmap(region, Long.decode(offset), Long.decode(length)));

        assertThat(refused == null).isEqualTo(taken);
        assertThat(refused == null || refused.errno() == Errno.EINVAL).isTrue();
    }

    // ---- what a display sees

    private Surface surface(VfioDevice device) {
        return Objects.requireNonNull(
                Objects.requireNonNull(GuestDisplay.of(device)).surface());
    }

    @Test
    void aPictureInARegionIsRead() {
        var device = device(VfioRegion.memory(FrameDevice.SIZE));
        frames.plane = new GfxPlane(GfxPlane.XR24, 8, 4, 64, 64 * 4, 0);
        frames.ram.put(64 + 4, 4, 0x112233);
        var rgb = new byte[24];

        var surface = surface(device);
        surface.row(1, new byte[surface.rowBytes()], rgb);

        assertThat(surface.width()).isEqualTo(8);
        assertThat(surface.height()).isEqualTo(4);
        assertThat(rgb).startsWith(0, 0, 0, 0x11, 0x22, 0x33, 0);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, 0, 0, 0, 0",
        "0x34325258, 8, 4, 64, -1, 0",
        "0x34325258, 8, 4, 64, 0x100000, 0",
        "0x34325258, 8, 4, 64, 256, 7",
        "0x34325258, 8, 4, 64, 256, 300",
        "0x34325258, 8, 4, 64, 256, -1",
        "0x34325258, 8, 4, 31, 256, 0",
        "0x34325258, 8, 4, -32, 256, 0",
        "0x34325258, -8, 4, 64, 256, 0",
        "0x34325258, 8, -4, 64, 256, 0",
        "0x34325258, 8, 0, 64, 256, 0",
        "0x34325258, 8, 400, 64, 256, 0",
        "0x34325258, 8, 2, 2147483644, 256, 0",
        "0x34325258, 65537, 1, 1000000, 256, 0",
        "0x34325241, 8, 4, 64, 256, 0"
    })
    void aPictureThatCannotBeIsNone(String format, int width, int height, int stride, long size, int region) {
        var device = device(VfioRegion.memory(FrameDevice.SIZE));
        frames.plane = new GfxPlane(Integer.decode(format), width, height, stride, Integer.decode("" + size), region);

        assertThat(Objects.requireNonNull(GuestDisplay.of(device)).surface()).isNull();
    }

    @Test
    void aDeviceWithoutPicturesHasNoDisplay() {
        frames.plane = null;

        assertThat(GuestDisplay.of(device(VfioRegion.absent()))).isNull();
    }
}
