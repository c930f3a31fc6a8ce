package io.sluice.vmm.address;

/// Process address space identifier, 20 bits (PCIe 6.0 section 6.20).
public record Pasid(int value) {
    public static final int BITS = 20;

    public Pasid {
        if (value < 0 || value >= 1 << BITS) {
            throw new IllegalArgumentException("a PASID has 20 bits: 0x" + Integer.toHexString(value));
        }
    }
}
