package io.sluice.samples.mbochs;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.mdev.MdevContext;
import io.sluice.vfio.mdev.MdevDevice;
import io.sluice.vfio.vfio.DmaBuf;
import io.sluice.vfio.vfio.GfxPlane;
import io.sluice.vfio.vfio.GfxPlane.Query;
import io.sluice.vfio.vfio.RegionCapability;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vfio.vfio.VfioRegion;
import io.sluice.vmm.memory.GuestRam;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One display: video memory in BAR 0, registers in BAR 2, and a region behind those of PCI for the monitor's EDID.
final class MbochsDevice implements MdevDevice {
    static final int REGISTERS_SIZE = 4096;
    static final int EDID = 9;
    private static final int MEMORY = 0;
    private static final int REGISTERS = 2;
    private static final int DISPI_BYTES = 2;
    private static final int WORD = 4;

    private final MbochsModel model;
    private final Runnable giveBack;
    private final MbochsConfig config;
    private final Dispi dispi;
    private final EdidRegion edid;
    private final GuestRam memory;
    private final Pictures pictures;

    MbochsDevice(MbochsModel model, MdevContext context, Runnable giveBack) {
        this.model = model;
        this.giveBack = giveBack;
        this.config = new MbochsConfig(model.memory());
        this.dispi = new Dispi(model.memory());
        this.edid = new EdidRegion(model);
        this.memory = context.newMemory(model.memory());
        this.pictures = new Pictures(memory);
    }

    @Override
    public List<VfioRegion> regions() {
        var regions = new ArrayList<>(Collections.nCopies(EDID + 1, VfioRegion.absent()));
        regions.set(MEMORY, VfioRegion.memory(model.memory()));
        regions.set(REGISTERS, VfioRegion.trapped(REGISTERS_SIZE));
        regions.set(VfioRegion.CONFIG, VfioRegion.trapped(MbochsConfig.SIZE));
        regions.set(
                EDID,
                new VfioRegion(
                        EdidRegion.SIZE,
                        VfioRegion.READ | VfioRegion.WRITE,
                        List.of(new RegionCapability.Type(RegionCapability.Type.GFX, RegionCapability.Type.GFX_EDID))));
        return regions;
    }

    @Override
    public int vectors(VfioIrq irq) {
        return 0;
    }

    @Override
    public @Nullable GuestRam memory(int region) {
        return region == MEMORY ? memory : null;
    }

    @Override
    public long read(int region, long offset, int size) {
        return switch (region) {
            case MEMORY -> memory.get(offset, size);
            case REGISTERS -> readRegisters((int) offset, size);
            case EDID -> readEdid((int) offset, size);
            default -> readConfig((int) offset, size);
        };
    }

    private long readRegisters(int offset, int size) {
        if (offset < EdidRegion.BLOB_SIZE) {
            return edid.shown(offset, size);
        }
        return size == DISPI_BYTES ? dispi.read(offset) : 0;
    }

    /// The kernel splits such accesses into 4 bytes at most.
    private long readEdid(int offset, int size) {
        return size <= WORD ? edid.read(offset, size) : edid.read(offset, WORD) | edid.read(offset + WORD, WORD) << 32;
    }

    private long readConfig(int offset, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (long) config.readByte(offset + i) << 8 * i;
        }
        return value;
    }

    @Override
    public void write(int region, long offset, int size, long value) {
        switch (region) {
            case MEMORY -> memory.put(offset, size, value);
            case REGISTERS -> {
                if (size == DISPI_BYTES) {
                    dispi.write((int) offset, (int) value & 0xFFFF);
                }
            }
            case EDID -> writeEdid((int) offset, size, value);
            default -> {
                for (int i = 0; i < size; i++) {
                    config.writeByte((int) offset + i, (int) (value >> 8 * i) & 0xFF);
                }
            }
        }
    }

    private void writeEdid(int offset, int size, long value) {
        edid.write(offset, Math.min(size, WORD), value);
        if (size > WORD) {
            edid.write(offset + WORD, WORD, value >>> 32);
        }
    }

    @Override
    public GfxPlane queryGfxPlane(Query query) {
        if (query.flags() == (Query.PROBE | Query.DMABUF)) {
            return GfxPlane.NONE;
        }
        if (query.flags() != Query.DMABUF) {
            throw new HostException(Errno.EINVAL, "mbochs shows its picture in a dma-buf");
        }
        var mode = query.planeType() == Query.PRIMARY ? dispi.mode() : null;
        return mode == null
                ? GfxPlane.NONE
                : new GfxPlane(
                        GfxPlane.XR24, mode.width(), mode.height(), mode.stride(), mode.size(), pictures.idOf(mode));
    }

    @Override
    public DmaBuf getGfxDmaBuf(int id) {
        return pictures.export(id);
    }

    /// The picture goes; the video memory and the monitor stay.
    @Override
    public void reset() {
        config.reset();
        dispi.reset();
    }

    @Override
    public void released() {
        pictures.revokeAll();
        edid.clear();
        memory.discard();
    }

    @Override
    public void close() {
        giveBack.run();
    }
}
