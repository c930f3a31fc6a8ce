package io.sluice.samples.mdpy;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.mdev.MdevContext;
import io.sluice.vfio.mdev.MdevDevice;
import io.sluice.vfio.vfio.GfxPlane;
import io.sluice.vfio.vfio.GfxPlane.Query;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vfio.vfio.VfioRegion;
import io.sluice.vmm.memory.GuestRam;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One framebuffer: memory, in BAR 0 for the guest and in a region of its own for whoever shows it.
final class MdpyDevice implements MdevDevice {
    static final int DISPLAY = 16;
    private static final int BAR = 0;
    private static final int LIGHTEST = 255;

    private final MdpyMode mode;
    private final Runnable giveBack;
    private final MdpyConfig config;
    private final GuestRam memory;

    MdpyDevice(MdpyMode mode, MdevContext context, Runnable giveBack) {
        this.mode = mode;
        this.giveBack = giveBack;
        this.config = new MdpyConfig(mode);
        this.memory = context.newMemory(mode.memory());
        paint();
    }

    /// From black at the top to nearly white at the bottom.
    private void paint() {
        var row = new byte[mode.stride()];
        for (int y = 0; y < mode.height; y++) {
            Arrays.fill(row, (byte) (y * LIGHTEST / mode.height));
            memory.write((long) y * row.length, row);
        }
    }

    private static boolean isMemory(int region) {
        return region == BAR || region == DISPLAY;
    }

    @Override
    public List<VfioRegion> regions() {
        var regions = new ArrayList<>(Collections.nCopies(DISPLAY + 1, VfioRegion.absent()));
        regions.set(BAR, VfioRegion.memory(mode.memory()));
        regions.set(VfioRegion.CONFIG, VfioRegion.trapped(MdpyConfig.SIZE));
        regions.set(DISPLAY, VfioRegion.memory(mode.memory()));
        return regions;
    }

    @Override
    public int vectors(VfioIrq irq) {
        return 0;
    }

    @Override
    public @Nullable GuestRam memory(int region) {
        return isMemory(region) ? memory : null;
    }

    @Override
    public long read(int region, long offset, int size) {
        if (isMemory(region)) {
            return memory.get(offset, size);
        }
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (long) config.readByte((int) offset + i) << 8 * i;
        }
        return value;
    }

    @Override
    public void write(int region, long offset, int size, long value) {
        if (isMemory(region)) {
            memory.put(offset, size, value);
            return;
        }
        for (int i = 0; i < size; i++) {
            config.writeByte((int) offset + i, (int) (value >> 8 * i) & 0xFF);
        }
    }

    @Override
    public GfxPlane queryGfxPlane(Query query) {
        if (query.flags() == (Query.PROBE | Query.REGION)) {
            return GfxPlane.NONE;
        }
        if (query.flags() != Query.REGION) {
            throw new HostException(Errno.EINVAL, "mdpy shows its picture in a region");
        }
        return new GfxPlane(GfxPlane.XR24, mode.width, mode.height, mode.stride(), mode.memory(), DISPLAY);
    }

    @Override
    public void reset() {
        config.reset();
        paint();
    }

    @Override
    public void released() {
        memory.discard();
        paint();
    }

    @Override
    public void close() {
        giveBack.run();
    }
}
