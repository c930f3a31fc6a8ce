package io.sluice.vfio.invariants;

import io.sluice.vfio.host.iommu.DeviceTraits;
import io.sluice.vfio.host.iommu.IommuDevice;
import io.sluice.vfio.host.iommu.IommuGroup;
import io.sluice.vfio.host.iommu.IommuUnit;
import io.sluice.vfio.mdev.MdevContext;
import io.sluice.vfio.mdev.MdevDevice;
import io.sluice.vfio.mdev.MdevDma;
import io.sluice.vfio.mdev.MdevDriver;
import io.sluice.vfio.mdev.MdevType;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vfio.vfio.VfioRegion;
import io.sluice.vmm.address.Bdf;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A parent whose instances do whatever DMA they are told to. Types: `pinned` has no requester id, `function` has one
/// of
/// its own, whose writes cannot be noted, `queue` one that all of the type share.
final class ProbeDriver implements MdevDriver {
    static final int MOST = 3;
    private static final int BUS = 0xC0;

    private final IommuUnit unit;
    private final Supplier<IommuGroup> groups;
    private final IommuDevice shared;
    private final List<IommuDevice> functions = new ArrayList<>();
    private final Map<UUID, Device> devices = new HashMap<>();

    ProbeDriver(IommuUnit unit, Supplier<IommuGroup> groups) {
        this.unit = unit;
        this.groups = groups;
        this.shared = add(0);
        for (int i = 1; i <= MOST; i++) {
            functions.add(add(i));
        }
    }

    private IommuDevice add(int number) {
        var traits = new DeviceTraits(20, number == 0, false, false, true, List.of());
        return unit.add(Bdf.of(BUS, number, 0), List.of(), groups.get(), traits);
    }

    /// All requester ids that instances send by.
    List<IommuDevice> requesters() {
        var all = new ArrayList<>(functions);
        all.add(shared);
        return all;
    }

    MdevDma dma(UUID instance) {
        var device = devices.get(instance);
        if (device == null) {
            throw new IllegalStateException("no instance " + instance);
        }
        return device.context.dma();
    }

    @Override
    public String name() {
        return "probe";
    }

    @Override
    public List<MdevType> types() {
        return List.of(type("pinned"), type("function"), type("queue"));
    }

    private static MdevType type(String name) {
        return new MdevType(name, name, "", MdevType.VFIO_PCI, MOST);
    }

    @Override
    public MdevDevice create(MdevType type, MdevContext context) {
        var iommu = switch (type.name()) {
            case "function" -> functions.removeFirst();
            case "queue" -> shared;
            default -> null;
        };
        var device = new Device(context, iommu);
        devices.put(context.uuid(), device);
        return device;
    }

    private final class Device implements MdevDevice {
        private final MdevContext context;
        private final @Nullable IommuDevice iommu;

        Device(MdevContext context, @Nullable IommuDevice iommu) {
            this.context = context;
            this.iommu = iommu;
        }

        @Override
        public @Nullable IommuDevice iommu() {
            return iommu;
        }

        @Override
        public boolean takesRequester() {
            return iommu != shared;
        }

        @Override
        public List<VfioRegion> regions() {
            var all = new ArrayList<VfioRegion>();
            for (int i = 0; i < VfioRegion.PCI_REGIONS; i++) {
                all.add(i == VfioRegion.CONFIG ? VfioRegion.trapped(256) : VfioRegion.absent());
            }
            return all;
        }

        @Override
        public int vectors(VfioIrq irq) {
            return irq == VfioIrq.MSI || irq == VfioIrq.REQ ? 1 : 0;
        }

        @Override
        public long read(int region, long offset, int size) {
            return 0;
        }

        @Override
        public void write(int region, long offset, int size, long value) {}

        @Override
        public void reset() {}

        @Override
        public void close() {
            devices.remove(context.uuid());
            if (iommu != null && iommu != shared) {
                functions.add(iommu);
            }
        }
    }
}
