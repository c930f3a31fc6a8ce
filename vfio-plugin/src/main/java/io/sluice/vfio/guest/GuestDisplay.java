package io.sluice.vfio.guest;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.vfio.GfxPlane;
import io.sluice.vfio.vfio.GfxPlane.Query;
import io.sluice.vfio.vfio.VfioDevice;
import io.sluice.vfio.vfio.VfioMemory;
import io.sluice.vmm.memory.GuestRam;
import io.sluice.vmm.plugin.Display;
import io.sluice.vmm.plugin.Surface;
import org.jspecify.annotations.Nullable;

/// What one vfio device shows: the picture that its primary plane has now, in a dma-buf or in a region. What a device
/// says of its picture is not trusted.
public final class GuestDisplay implements Display {
    private static final long IN_PAGE = GuestRam.PAGE_SIZE - 1;

    private final VfioDevice device;
    private final int way;

    private GuestDisplay(VfioDevice device, int way) {
        this.device = device;
        this.way = way;
    }

    /// The display of a device; null if it has none. Inside the device's strand.
    public static @Nullable GuestDisplay of(VfioDevice device) {
        for (int way : new int[] {Query.DMABUF, Query.REGION}) {
            try {
                device.queryGfxPlane(Query.primary(Query.PROBE | way));
                return new GuestDisplay(device, way);
            } catch (HostException e) {
                // It cannot be asked for that way.
            }
        }
        return null;
    }

    /// The device is asked where its picture lies, inside its strand; its pixels are read without it.
    @Override
    public @Nullable Surface surface() {
        var seen = new @Nullable Surface[1];
        device.strand().call(() -> seen[0] = look());
        return seen[0];
    }

    private @Nullable Surface look() {
        try {
            var plane = device.queryGfxPlane(Query.primary(way));
            return plane.format() == GfxPlane.XR24 ? surface(plane, memory(plane)) : null;
        } catch (HostException e) {
            // It shows nothing that can be had.
            return null;
        }
    }

    private VfioMemory memory(GfxPlane plane) {
        return way == Query.DMABUF
                ? device.getGfxDmaBuf(plane.source()).memory()
                : device.mmap(plane.source(), 0, plane.size() + IN_PAGE & ~IN_PAGE);
    }

    private static @Nullable Surface surface(GfxPlane plane, VfioMemory memory) {
        var format = Surface.PixelFormat.XRGB8888;
        long needed = (long) plane.stride() * (plane.height() - 1) + (long) plane.width() * format.bytes();
        boolean sound = plane.width() > 0
                && plane.height() > 0
                && plane.width() <= Surface.LARGEST
                && plane.height() <= Surface.LARGEST
                && plane.stride() / format.bytes() >= plane.width()
                && needed <= memory.length();
        return sound
                ? new Surface(
                        plane.width(),
                        plane.height(),
                        plane.stride(),
                        format,
                        (offset, target, length) -> memory.read(offset, target, 0, length))
                : null;
    }
}
