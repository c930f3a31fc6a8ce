package io.sluice.vfio.testkit;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.vfio.GfxPlane;
import io.sluice.vfio.vfio.VfioDeviceOps;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vfio.vfio.VfioRegion;
import io.sluice.vmm.memory.GuestRam;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A device for tests: BAR 0 is whatever region a test says, over 16 KiB of memory, and its picture whatever plane a
/// test says.
public final class FrameDevice implements VfioDeviceOps, AutoCloseable {
    public static final int SIZE = 0x4000;

    public final GuestRam ram = GuestRam.allocate(SIZE);
    public VfioRegion bar = VfioRegion.absent();
    public @Nullable GfxPlane plane = GfxPlane.NONE;
    /// Accesses to the BAR that the device has seen.
    public int accesses;

    private final byte[] config = new byte[256];

    public FrameDevice() {
        config[0] = 0x34;
        config[1] = 0x12;
        config[2] = 1;
        config[0x10] = 8;
    }

    @Override
    public List<VfioRegion> regions() {
        var all = new ArrayList<VfioRegion>();
        all.add(bar);
        for (int i = 1; i < VfioRegion.PCI_REGIONS; i++) {
            all.add(i == VfioRegion.CONFIG ? VfioRegion.trapped(config.length) : VfioRegion.absent());
        }
        return all;
    }

    @Override
    public int vectors(VfioIrq irq) {
        return 0;
    }

    @Override
    public @Nullable GuestRam memory(int region) {
        return region == 0 ? ram : null;
    }

    @Override
    public long read(int region, long offset, int size) {
        if (region != VfioRegion.CONFIG) {
            accesses++;
            return 0;
        }
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (config[(int) offset + i] & 0xFFL) << 8 * i;
        }
        return value;
    }

    @Override
    public void write(int region, long offset, int size, long value) {
        if (region != VfioRegion.CONFIG) {
            accesses++;
            return;
        }
        for (int i = 0; i < size; i++) {
            int at = (int) offset + i;
            int mask = at >= 0x10 && at < 0x14 ? -SIZE >> 8 * (at - 0x10) & 0xFF : 0;
            config[at] = (byte) (config[at] & ~mask | (int) (value >> 8 * i) & mask);
        }
    }

    @Override
    public GfxPlane queryGfxPlane(GfxPlane.Query query) {
        var shown = plane;
        if (shown == null || (query.flags() & GfxPlane.Query.REGION) == 0) {
            throw new HostException(Errno.EINVAL, "not that way");
        }
        return shown;
    }

    @Override
    public void reset() {}

    @Override
    public void close() {
        ram.close();
    }
}
