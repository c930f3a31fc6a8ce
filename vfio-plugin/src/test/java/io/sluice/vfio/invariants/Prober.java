package io.sluice.vfio.invariants;

import io.sluice.vfio.host.iommu.IommuDevice;
import io.sluice.vfio.host.pci.DeviceModel;
import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.pci.PciFunction;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A hostile function of the host: whenever it is reset, it sends.
final class Prober implements BusDevice {
    private static final int BAR = 4096;

    private final Consumer<IommuDevice> onReset;
    private final Supplier<@Nullable IommuDevice> iommu;
    private final PciFunction function;

    private Prober(DeviceModel.Order order, Consumer<IommuDevice> onReset) {
        this.onReset = onReset;
        this.iommu = order.iommu();
        var builder = PciFunction.builder("prober", order.strand())
                .ids(0x1234, 0x9999)
                .subsystem(0x1234, 1)
                .classCode(0x088000)
                .interruptPin(1)
                .memoryBar(0, BAR, this)
                .onReset(this::reset);
        order.shape().apply(builder);
        function = builder.build();
    }

    static DeviceModel model(Consumer<IommuDevice> onReset) {
        return order -> new DeviceModel.Made(new Prober(order, onReset).function, () -> {});
    }

    private void reset() {
        var known = iommu.get();
        if (known != null) {
            onReset.accept(known);
        }
    }

    @Override
    public long read(long offset, int size) {
        return 0;
    }

    @Override
    public void write(long offset, int size, long value) {}
}
