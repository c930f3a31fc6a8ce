package io.sluice.vmm.pci;

/// What a type 1 header (PCI Express Base 6.0 section 7.5.1.3) has in place of the registers after BAR1.
enum BridgeReg {
    PRIMARY_BUS(0x18, 1, 0, 0xFF, 0),
    SECONDARY_BUS(0x19, 1, 0, 0xFF, 0),
    SUBORDINATE_BUS(0x1A, 1, 0, 0xFF, 0),
    SECONDARY_LATENCY(0x1B, 1, 0, 0, 0),
    /// Bits 3:0 are 1: the window has 32 address bits.
    IO_BASE(0x1C, 1, 0x01, 0xF0, 0),
    IO_LIMIT(0x1D, 1, 0x01, 0xF0, 0),
    SECONDARY_STATUS(0x1E, 2, 0, 0, 0xF900),
    MEMORY_BASE(0x20, 2, 0, 0xFFF0, 0),
    MEMORY_LIMIT(0x22, 2, 0, 0xFFF0, 0),
    /// Bits 3:0 are 1: the window has 64 address bits.
    PREFETCHABLE_BASE(0x24, 2, 0x0001, 0xFFF0, 0),
    PREFETCHABLE_LIMIT(0x26, 2, 0x0001, 0xFFF0, 0),
    PREFETCHABLE_BASE_UPPER(0x28, 4, 0, 0xFFFF_FFFF, 0),
    PREFETCHABLE_LIMIT_UPPER(0x2C, 4, 0, 0xFFFF_FFFF, 0),
    IO_BASE_UPPER(0x30, 2, 0, 0xFFFF, 0),
    IO_LIMIT_UPPER(0x32, 2, 0, 0xFFFF, 0),
    BRIDGE_ROM(0x38, 4, 0, 0, 0),
    /// Parity response, SERR#, ISA, secondary reset. VGA forwarding is not offered.
    BRIDGE_CONTROL(0x3E, 2, 0, 0x0047, 0);

    final int offset;
    final int size;
    final int reset;
    final int writable;
    final int clearable;

    BridgeReg(int offset, int size, int reset, int writable, int clearable) {
        this.offset = offset;
        this.size = size;
        this.reset = reset;
        this.writable = writable;
        this.clearable = clearable;
    }
}
