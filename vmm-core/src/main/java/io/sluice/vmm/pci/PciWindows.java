package io.sluice.vmm.pci;

/// The address ranges from which BARs are assigned; the DSDT tells the guest the same. All inclusive.
public record PciWindows(long ioFirst, long ioLast, long mem32First, long mem32Last, long mem64First, long mem64Last) {
    /// The q35-like layout: I/O above the ISA ports, memory between ECAM and the IOAPIC, and a large window above RAM.
    public static final PciWindows DEFAULT =
            new PciWindows(0xC000, 0xFFFF, 0xC000_0000L, 0xFEBF_FFFFL, 0x40_0000_0000L, 0x7F_FFFF_FFFFL);
}
