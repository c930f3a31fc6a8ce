package io.sluice.vmm.address;

/// Guest virtual (linear) address: what a program of the guest's sees, before its page tables.
public record Gva(long bits) {
    @Override
    public String toString() {
        return "gva 0x" + Long.toHexString(bits);
    }
}
