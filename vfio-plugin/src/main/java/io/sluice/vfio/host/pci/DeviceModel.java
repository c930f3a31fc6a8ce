package io.sluice.vfio.host.pci;

import io.sluice.vfio.host.iommu.IommuDevice;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.pci.FunctionShape;
import io.sluice.vmm.pci.PciFunction;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A kind of device that can sit in the host. It is told nothing of the host: the shape has what its place adds, also
/// that it is a virtual function, and is applied before the function is built.
@FunctionalInterface
public interface DeviceModel {
    /// @param name what the device is called in the host
    /// @param properties as they are described, unchecked
    /// @param iommu how the IOMMU knows the device, null while it does not: for those that do more than plain DMA
    record Order(
            String name,
            Map<String, String> properties,
            Strand strand,
            FunctionShape shape,
            Supplier<@Nullable IommuDevice> iommu) {}

    /// @param close gives back what the device holds, once its function is on no bus
    record Made(PciFunction function, Runnable close) {}

    /// @throws IllegalArgumentException if the properties are wrong; the message says which, and what to do
    Made make(Order order);

    /// What its virtual functions are, if it is made a physical one.
    default SriovModel virtualFunctions(String name, FunctionConfig.Vfs vfs) {
        return SriovModel.of(this, name, vfs);
    }

    /// Finds a model by its name.
    @FunctionalInterface
    interface Catalogue {
        @Nullable
        DeviceModel find(String name);
    }
}
