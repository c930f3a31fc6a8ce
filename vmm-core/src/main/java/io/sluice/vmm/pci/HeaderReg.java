package io.sluice.vmm.pci;

/// The type 0 configuration header (PCI Express Base 6.0 section 7.5.1): where, how wide, which bits the guest may
/// write, which it clears by writing ones. BARs are declared by [Bar].
enum HeaderReg {
    VENDOR_ID(0x00, 2, 0, 0),
    DEVICE_ID(0x02, 2, 0, 0),
    /// I/O, memory, bus master, parity response, SERR#, interrupt disable.
    COMMAND(0x04, 2, 0x0547, 0),
    STATUS(0x06, 2, 0, 0xF900),
    REVISION_ID(0x08, 1, 0, 0),
    PROGRAMMING_INTERFACE(0x09, 1, 0, 0),
    SUB_CLASS(0x0A, 1, 0, 0),
    BASE_CLASS(0x0B, 1, 0, 0),
    CACHE_LINE_SIZE(0x0C, 1, 0xFF, 0),
    LATENCY_TIMER(0x0D, 1, 0, 0),
    HEADER_TYPE(0x0E, 1, 0, 0),
    BIST(0x0F, 1, 0, 0),
    SUBSYSTEM_VENDOR_ID(0x2C, 2, 0, 0),
    SUBSYSTEM_ID(0x2E, 2, 0, 0),
    EXPANSION_ROM(0x30, 4, 0, 0),
    CAPABILITIES_POINTER(0x34, 1, 0, 0),
    INTERRUPT_LINE(0x3C, 1, 0xFF, 0),
    INTERRUPT_PIN(0x3D, 1, 0, 0);

    static final int COMMAND_IO = 1;
    static final int COMMAND_MEMORY = 1 << 1;
    static final int COMMAND_MASTER = 1 << 2;
    static final int COMMAND_SERR = 1 << 8;
    static final int COMMAND_INTX_DISABLE = 1 << 10;
    static final int STATUS_INTERRUPT = 1 << 3;
    static final int STATUS_CAPABILITIES = 1 << 4;
    static final int MULTI_FUNCTION = 0x80;
    static final int FIRST_BAR = 0x10;

    final int offset;
    final int size;
    final int writable;
    final int clearable;

    HeaderReg(int offset, int size, int writable, int clearable) {
        this.offset = offset;
        this.size = size;
        this.writable = writable;
        this.clearable = clearable;
    }
}
