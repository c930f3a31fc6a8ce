package io.sluice.vfio.vfio.pci;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.iommu.IommuGroup;
import io.sluice.vmm.pci.PciFunction;
import org.jspecify.annotations.Nullable;

/// How one function is reset: by itself if it can, else by its bus if it is alone there. Its group's IOMMU lets nothing
/// through meanwhile. On the function's strand.
final class FunctionReset {
    private static final int EXPRESS_RESETS = 1 << 28;
    private static final int EXPRESS_RESET = 1 << 15;
    private static final int AF_RESETS = 1 << 1;
    private static final int PM_KEEPS_STATE = 1 << 3;

    /// The ways, the best first.
    enum Method {
        EXPRESS,
        ADVANCED_FEATURES,
        POWER_STATE,
        BUS,
        NONE
    }

    private final PciFunction function;
    private final HardwareConfig hardware;
    private final @Nullable IommuGroup group;
    private final Method method;
    private final int at;

    FunctionReset(PciFunction function, HardwareConfig hardware, @Nullable IommuGroup group, boolean isAloneOnBus) {
        this.function = function;
        this.hardware = hardware;
        this.group = group;
        int express = hardware.find(ConfigPart.EXPRESS);
        int features = hardware.find(ConfigPart.ADVANCED_FEATURES);
        int power = hardware.find(ConfigPart.POWER_MANAGEMENT);
        if (express != 0 && (hardware.get(express + 4, 4) & EXPRESS_RESETS) != 0) {
            method = Method.EXPRESS;
            at = express + 8;
        } else if (features != 0 && (hardware.get(features + 3, 1) & AF_RESETS) != 0) {
            method = Method.ADVANCED_FEATURES;
            at = features + 4;
        } else if (power != 0 && (hardware.get(power + 4, 2) & PM_KEEPS_STATE) == 0) {
            method = Method.POWER_STATE;
            at = power + 4;
        } else {
            method = isAloneOnBus ? Method.BUS : Method.NONE;
            at = 0;
        }
    }

    Method method() {
        return method;
    }

    /// Resets the function; what its registers held is lost.
    ///
    /// @throws HostException EAGAIN if its group is being reset already; another's if the IOMMU could not be told
    void run() {
        var here = group;
        if (here == null) {
            trigger();
            return;
        }
        try {
            here.stageReset();
        } catch (HostException e) {
            throw e.errno() == Errno.EBUSY ? new HostException(Errno.EAGAIN, here + " is being reset") : e;
        }
        try {
            trigger();
        } finally {
            here.endReset();
        }
    }

    /// Resets the function although its IOMMU could not be told. For one that is no bus master.
    void runUnstaged() {
        trigger();
    }

    private void trigger() {
        switch (method) {
            case EXPRESS -> hardware.set(at, 2, hardware.get(at, 2) | EXPRESS_RESET);
            case ADVANCED_FEATURES -> hardware.set(at, 1, 1);
            case POWER_STATE -> {
                int control = hardware.get(at, 2) & ~3;
                hardware.set(at, 2, control | 3);
                hardware.set(at, 2, control);
            }
            case BUS -> function.reset();
            case NONE -> throw new HostException(Errno.ENOTTY, function.name() + " cannot be reset");
        }
    }
}
