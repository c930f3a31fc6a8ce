package io.sluice.vmm.pci;

/// The registers of a port in the PCI Express capability (PCI Express Base 6.0 section 7.5.3), from the capability's
/// start: link, slot and root.
enum SlotReg {
    CAPABILITIES(0x02, 2, 0),
    LINK_CAPABILITIES(0x0C, 4, 0),
    LINK_CONTROL(0x10, 2, 0),
    LINK_STATUS(0x12, 2, 0),
    SLOT_CAPABILITIES(0x14, 4, 0),
    /// Enables, both indicators, power, interlock, link state enable.
    SLOT_CONTROL(0x18, 2, 0x17FF),
    SLOT_STATUS(0x1A, 2, 0),
    /// System errors and PME interrupt.
    ROOT_CONTROL(0x1C, 2, 0x000F),
    ROOT_CAPABILITIES(0x1E, 2, 0),
    ROOT_STATUS(0x20, 4, 0);

    static final int SLOT_IMPLEMENTED = 1 << 8;
    static final int LINK_ACTIVE_REPORTING = 1 << 20;
    static final int LINK_DISABLE = 1 << 4;
    static final int LINK_ACTIVE = 1 << 13;

    static final int ATTENTION_BUTTON_PRESENT = 1;
    static final int POWER_CONTROLLER_PRESENT = 1 << 1;
    static final int ATTENTION_INDICATOR_PRESENT = 1 << 3;
    static final int POWER_INDICATOR_PRESENT = 1 << 4;
    static final int HOT_PLUG_CAPABLE = 1 << 6;
    static final int SLOT_NUMBER_SHIFT = 19;

    static final int HOT_PLUG_INTERRUPT = 1 << 5;
    static final int ATTENTION_SHIFT = 6;
    static final int POWER_SHIFT = 8;
    static final int POWER_OFF = 1 << 10;
    static final int INTERLOCK = 1 << 11;
    static final int LINK_STATE_ENABLE = 1 << 12;

    static final int BUTTON_PRESSED = 1;
    static final int PRESENCE_CHANGED = 1 << 3;
    static final int COMMAND_COMPLETED = 1 << 4;
    static final int PRESENT = 1 << 6;
    static final int LINK_STATE_CHANGED = 1 << 8;
    /// Button, power fault, latch, presence, command completed, link state.
    static final int EVENTS = 0x011F;

    static final int PME_STATUS = 1 << 16;

    final int offset;
    final int size;
    final int writable;

    SlotReg(int offset, int size, int writable) {
        this.offset = offset;
        this.size = size;
        this.writable = writable;
    }
}
