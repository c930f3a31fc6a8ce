package io.sluice.samples.mdpy;

import io.sluice.vfio.mdev.MdevType;
import java.util.Locale;

/// The types: each has one mode, for good.
enum MdpyMode {
    VGA(640, 480),
    XGA(1024, 768),
    HD(1920, 1080);

    private static final int PIXEL_BYTES = 4;

    final int width;
    final int height;

    MdpyMode(int width, int height) {
        this.width = width;
        this.height = height;
    }

    int stride() {
        return width * PIXEL_BYTES;
    }

    /// Bytes of memory: the power of two that the picture fits in.
    int memory() {
        int picture = stride() * height;
        return Integer.highestOneBit(picture - 1) << 1;
    }

    MdevType type() {
        var name = name().toLowerCase(Locale.ROOT);
        return new MdevType(
                name,
                MdpyDriver.NAME + "-" + name,
                "virtual display, " + width + "x" + height + " framebuffer",
                MdevType.VFIO_PCI,
                MdevType.DRIVER_COUNTS);
    }

    static MdpyMode of(MdevType type) {
        return valueOf(type.name().toUpperCase(Locale.ROOT));
    }
}
