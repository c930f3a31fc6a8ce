package io.sluice.vfio.host.pci;

import io.sluice.vfio.host.iommu.IommuDevice;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.pci.FunctionShape;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Makes the virtual functions of a device. All are made with their physical function, so that enabling them, which is
/// one bit in a register, cannot fail.
@FunctionalInterface
public interface SriovModel {
    /// @param vf counts from 0
    /// @param shape makes a virtual function of it; to be applied before it is built
    /// @param iommu how the IOMMU knows it, null while it does not
    DeviceModel.Made make(int vf, Strand strand, FunctionShape shape, Supplier<@Nullable IommuDevice> iommu);

    /// Each virtual function is a device of the same kind with properties of its own: an NVMe controller with a drive
    /// of its own, say.
    static SriovModel of(DeviceModel model, String name, FunctionConfig.Vfs vfs) {
        return (vf, strand, shape, iommu) -> model.make(
                new DeviceModel.Order(name + "-vf" + vf, vfs.properties().get(vf), strand, shape, iommu));
    }
}
