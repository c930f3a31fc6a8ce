package io.sluice.vmm.address;

/// Guest physical address: what the guest's page tables yield and what its bus sees.
public record Gpa(long bits) {
    @Override
    public String toString() {
        return "gpa 0x" + Long.toHexString(bits);
    }
}
