package io.sluice.vfio.vfio;

/// What GET_INFO says of a device besides numbers, in the chain of capabilities.
public sealed interface VfioCapability {
    /// Which atomic operations the device's root port completes (VFIO_DEVICE_INFO_CAP_PCI_ATOMIC_COMP).
    ///
    /// @param flags [#COMP32], [#COMP64], [#COMP128]
    record AtomicCompleter(int flags) implements VfioCapability {
        public static final int COMP32 = 1;
        public static final int COMP64 = 2;
        public static final int COMP128 = 4;
    }
}
