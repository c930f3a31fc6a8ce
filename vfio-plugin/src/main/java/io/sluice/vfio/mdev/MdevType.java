package io.sluice.vfio.mdev;

/// One type that a driver offers.
///
/// @param name the part after the driver's name: type `2` of driver `mtty` is `mtty-2`
/// @param title the file `name`
/// @param description the file `description`; may be empty
/// @param deviceApi what the instances are to vfio: `vfio-pci`
/// @param maxInstances what the bus counts to, or [#DRIVER_COUNTS]
public record MdevType(String name, String title, String description, String deviceApi, int maxInstances) {
    /// The driver has a pool of its own and refuses with ENOSPC.
    public static final int DRIVER_COUNTS = -1;

    public static final String VFIO_PCI = "vfio-pci";
}
