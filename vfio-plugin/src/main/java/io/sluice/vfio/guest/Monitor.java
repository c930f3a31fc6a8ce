package io.sluice.vfio.guest;

import io.sluice.vfio.vfio.RegionCapability;
import io.sluice.vfio.vfio.RegionCapability.Type;
import io.sluice.vfio.vfio.VfioDevice;
import io.sluice.vfio.vfio.VfioRegion;

/// The monitor that hangs on a vfio display: tells the device, by the region that vfio has for it, which mode is
/// preferred. Inside the device's strand.
public final class Monitor {
    private static final int EDID_OFFSET = 0x00;
    private static final int EDID_MAX_SIZE = 0x04;
    private static final int EDID_SIZE = 0x08;
    private static final int MAX_XRES = 0x0C;
    private static final int MAX_YRES = 0x10;
    private static final int LINK_STATE = 0x14;
    private static final int LINK_UP = 1;
    private static final int LINK_DOWN = 2;

    /// The mode that is preferred if the user does not say.
    private static final int WIDTH = 1024;

    private static final int HEIGHT = 768;

    private Monitor() {}

    /// Whether the device wants to hear of its monitor.
    public static boolean isHeard(VfioDevice device) {
        return region(device) >= 0;
    }

    private static int region(VfioDevice device) {
        var edid = new Type(Type.GFX, Type.GFX_EDID);
        for (int index = VfioRegion.PCI_REGIONS; index < device.info().regions(); index++) {
            for (RegionCapability capability : device.regionInfo(index).capabilities()) {
                if (capability.equals(edid)) {
                    return index;
                }
            }
        }
        return -1;
    }

    /// Plugs a monitor in; a device that does not hear of it is left alone.
    ///
    /// @param width of the preferred mode, 0 for any; what is more than the device takes is what it takes
    public static void plug(VfioDevice device, long width, long height) {
        int region = region(device);
        if (region < 0) {
            return;
        }
        int maxWidth = limit(word(device, region, MAX_XRES));
        int maxHeight = limit(word(device, region, MAX_YRES));
        int place = word(device, region, EDID_OFFSET);
        if (word(device, region, EDID_MAX_SIZE) < Edid.SIZE || place < 0) {
            return;
        }
        var edid = Edid.of(
                (int) Math.min(width == 0 ? WIDTH : width, maxWidth),
                (int) Math.min(height == 0 ? HEIGHT : height, maxHeight),
                maxWidth,
                maxHeight);
        put(device, region, LINK_STATE, LINK_DOWN);
        device.write(VfioRegion.fileOffset(region) + place, edid, 0, edid.length);
        put(device, region, EDID_SIZE, edid.length);
        put(device, region, LINK_STATE, LINK_UP);
    }

    private static int limit(int told) {
        return told <= 0 ? Edid.LARGEST : Math.min(told, Edid.LARGEST);
    }

    private static int word(VfioDevice device, int region, int at) {
        return (int) device.load(region, at, 4);
    }

    private static void put(VfioDevice device, int region, int at, int value) {
        device.store(region, at, 4, value);
    }
}
