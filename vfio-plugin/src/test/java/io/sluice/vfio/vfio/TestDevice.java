package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.iommu.IommuDevice;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// A device that does what a test says, and writes down what was done to it. BAR 0 is 4 KiB of nothing.
class TestDevice implements VfioDeviceOps {
    final List<String> told = new ArrayList<>();
    boolean resettable = true;
    boolean noReset;
    boolean failsOpen;
    boolean pasids;
    boolean noRequester;

    @Nullable
    IommuDevice iommu;

    @Nullable
    MigrationOps migration;

    @Nullable
    DmaLogOps log;

    @Nullable
    VfioFeature feature;

    @Nullable
    VfToken virtualOf;

    int msix = 8;
    boolean grows;

    @Override
    public List<VfioRegion> regions() {
        var all = new ArrayList<VfioRegion>();
        for (int i = 0; i < VfioRegion.PCI_REGIONS; i++) {
            all.add(
                    switch (i) {
                        case 0 -> VfioRegion.trapped(4096);
                        case VfioRegion.CONFIG -> VfioRegion.trapped(256);
                        default -> VfioRegion.absent();
                    });
        }
        all.add(new VfioRegion(
                8192,
                VfioRegion.READ | VfioRegion.MMAP,
                List.of(
                        new RegionCapability.SparseMmap(List.of(new RegionCapability.Area(4096, 4096))),
                        new RegionCapability.Type(1, 1))));
        return all;
    }

    @Override
    public int vectors(VfioIrq irq) {
        return switch (irq) {
            case INTX, ERR, REQ -> 1;
            case MSI -> 4;
            case MSIX -> msix;
        };
    }

    @Override
    public int irqFlags(VfioIrq irq) {
        return irq == VfioIrq.MSIX && grows ? VfioIrq.Info.EVENTFD : irq.flags;
    }

    @Override
    public long read(int region, long offset, int size) {
        if (noReset) {
            throw new HostException(Errno.EIO, "decoding is off");
        }
        told.add("read " + region + " " + offset + " " + size);
        return 0x1122_3344_5566_7788L;
    }

    @Override
    public void write(int region, long offset, int size, long value) {
        told.add("write " + region + " " + offset + " " + size + " " + Long.toHexString(value));
    }

    @Override
    public void reset() {
        told.add("reset");
    }

    @Override
    public boolean canReset() {
        return resettable;
    }

    @Override
    public void opened(VfioInterrupts interrupts) {
        if (failsOpen) {
            throw new HostException(Errno.EAGAIN, "its lock is held");
        }
        told.add("opened");
    }

    @Override
    public void closed() {
        told.add("closed");
    }

    @Override
    public @Nullable IommuDevice iommu() {
        return iommu;
    }

    @Override
    public boolean takesPasids() {
        return pasids;
    }

    @Override
    public boolean takesRequester() {
        return !noRequester;
    }

    @Override
    public void attached(int pasid) {
        told.add("attached " + pasid);
    }

    @Override
    public void detached(int pasid) {
        told.add("detached " + pasid);
    }

    @Override
    public @Nullable MigrationOps migration() {
        return migration;
    }

    @Override
    public @Nullable DmaLogOps dmaLog() {
        return log;
    }

    @Override
    public @Nullable VfioFeature feature(int id) {
        return id == 11 ? feature : null;
    }

    @Override
    public boolean takesIoeventfd(int region, long offset, int size) {
        return offset + size <= 2048;
    }

    @Override
    public void checkToken(@Nullable UUID token) {
        if (virtualOf == null) {
            VfioDeviceOps.super.checkToken(token);
        } else {
            virtualOf.checkVirtual(token);
        }
    }
}
