package io.sluice.vmm.address;

/// I/O virtual address: what a device puts on the wire, before the IOMMU.
public record Iova(long bits) {
    @Override
    public String toString() {
        return "iova 0x" + Long.toHexString(bits);
    }
}
