package io.sluice.vfio.vfio;

import java.util.List;

/// A device behind vfio: what its driver gives to vfio. Called inside the device's strand; never blocks.
public interface VfioDeviceOps {
    /// The regions by index, nine or more for a PCI device. Does not change.
    List<VfioRegion> regions();

    /// How many vectors an interrupt has; 0 if the device has none of this kind. Does not change.
    int vectors(VfioIrq irq);

    /// Reads 1, 2, 4 or 8 bytes, naturally aligned and within the region.
    long read(int region, long offset, int size);

    /// Writes 1, 2, 4 or 8 bytes, naturally aligned and within the region.
    void write(int region, long offset, int size, long value);

    /// Back to the state at power-on.
    void reset();
}
