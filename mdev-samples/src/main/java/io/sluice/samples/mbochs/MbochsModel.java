package io.sluice.samples.mbochs;

import io.sluice.vfio.mdev.MdevType;
import java.util.Locale;

/// The types: how much memory, and up to which mode a monitor is offered; 0 for no limit.
enum MbochsModel {
    SMALL(4, 800, 600),
    MEDIUM(16, 1920, 1440),
    LARGE(64, 0, 0);

    final int mebibytes;
    final int maxWidth;
    final int maxHeight;

    MbochsModel(int mebibytes, int maxWidth, int maxHeight) {
        this.mebibytes = mebibytes;
        this.maxWidth = maxWidth;
        this.maxHeight = maxHeight;
    }

    int memory() {
        return mebibytes << 20;
    }

    MdevType type() {
        var name = name().toLowerCase(Locale.ROOT);
        return new MdevType(
                name,
                MbochsDriver.NAME + "-" + name,
                "virtual display, " + mebibytes + " MB video memory",
                MdevType.VFIO_PCI,
                MdevType.DRIVER_COUNTS);
    }

    static MbochsModel of(MdevType type) {
        return valueOf(type.name().toUpperCase(Locale.ROOT));
    }
}
