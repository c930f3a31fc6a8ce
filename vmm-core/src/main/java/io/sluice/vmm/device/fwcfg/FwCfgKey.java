package io.sluice.vmm.device.fwcfg;

/// Selectors of the items without a name.
public enum FwCfgKey {
    /// The four characters `QEMU`.
    SIGNATURE(0x00),
    /// Bit 0: the ports; bit 1: DMA.
    ID(0x01),
    UUID(0x02),
    /// Bytes of RAM, 64 bits.
    RAM_SIZE(0x03),
    NOGRAPHIC(0x04),
    NB_CPUS(0x05),
    MACHINE_ID(0x06),
    KERNEL_ADDR(0x07),
    KERNEL_SIZE(0x08),
    KERNEL_CMDLINE(0x09),
    INITRD_ADDR(0x0A),
    INITRD_SIZE(0x0B),
    BOOT_DEVICE(0x0C),
    NUMA(0x0D),
    BOOT_MENU(0x0E),
    MAX_CPUS(0x0F),
    KERNEL_ENTRY(0x10),
    KERNEL_DATA(0x11),
    INITRD_DATA(0x12),
    CMDLINE_ADDR(0x13),
    CMDLINE_SIZE(0x14),
    CMDLINE_DATA(0x15),
    SETUP_ADDR(0x16),
    SETUP_SIZE(0x17),
    SETUP_DATA(0x18),
    FILE_DIR(0x19),
    ACPI_TABLES(0x8000),
    SMBIOS_ENTRIES(0x8001),
    IRQ0_OVERRIDE(0x8002),
    E820_TABLE(0x8003),
    HPET(0x8004);

    /// The first selector of an item with a name.
    static final int FIRST_FILE = 0x20;

    final int selector;

    FwCfgKey(int selector) {
        this.selector = selector;
    }
}
