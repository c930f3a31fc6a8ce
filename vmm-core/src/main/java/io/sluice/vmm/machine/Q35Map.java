package io.sluice.vmm.machine;

/// Where things lie on the board: QEMU's q35, so that guests find what they expect.
public final class Q35Map {
    /// RAM up to here lies at 0; the rest starts at 4 GiB.
    public static final long LOW_RAM_LIMIT = 0x8000_0000L;

    public static final long HIGH_RAM = 0x1_0000_0000L;

    /// VGA memory, which a machine without VGA does not answer.
    public static final long VGA_HOLE = 0xA_0000L;

    public static final long VGA_HOLE_LENGTH = 0x2_0000;

    /// PCI Express configuration space, buses 0 to 255.
    public static final long ECAM = 0xB000_0000L;

    public static final long ECAM_LENGTH = 0x1000_0000;
    public static final long PCI_MEMORY = 0xC000_0000L;
    public static final long PCI_MEMORY_LAST = 0xFEBF_FFFFL;
    public static final long IO_APIC = 0xFEC0_0000L;
    public static final long IO_APIC_LENGTH = 0x1000;
    public static final long HPET = 0xFED0_0000L;
    public static final long HPET_LENGTH = 0x400;
    public static final long LOCAL_APIC = 0xFEE0_0000L;
    public static final long LOCAL_APIC_LENGTH = 0x1000;
    public static final long PCI_MEMORY_64 = 0x40_0000_0000L;
    public static final long PCI_MEMORY_64_LAST = 0x7F_FFFF_FFFFL;

    /// Highest guest physical address: 40 bits.
    public static final long LAST_ADDRESS = 0xFF_FFFF_FFFFL;

    public static final int LAST_PORT = 0xFFFF;
    public static final int PCI_PORTS = 0xC000;

    public static final int PIC_MASTER = 0x20;
    public static final int PIT = 0x40;
    public static final int PORT_61 = 0x61;
    public static final int KEYBOARD_DATA = 0x60;
    public static final int KEYBOARD_COMMAND = 0x64;
    public static final int RTC = 0x70;
    public static final int POST_CODE = 0x80;
    public static final int PORT_92 = 0x92;
    public static final int PIC_SLAVE = 0xA0;
    public static final int APM = 0xB2;
    public static final int DEBUG_CONSOLE = 0xE9;
    public static final int PIC_EDGE_LEVEL = 0x4D0;
    public static final int DEBUG_EXIT = 0x501;
    public static final int PANIC_EVENT = 0x505;
    public static final int FW_CFG = 0x510;
    public static final int ACPI_PM = 0x600;
    public static final int PCI_CONFIG_ADDRESS = 0xCF8;
    public static final int RESET_CONTROL = 0xCF9;
    public static final int PCI_CONFIG_DATA = 0xCFC;

    private static final int[] SERIAL_PORTS = {0x3F8, 0x2F8, 0x3E8, 0x2E8};
    private static final int[] SERIAL_IRQS = {4, 3, 4, 3};
    public static final int SERIAL_COUNT = SERIAL_PORTS.length;

    private Q35Map() {}

    /// First port of COM1 (index 0) to COM4.
    public static int serialPort(int index) {
        return SERIAL_PORTS[index];
    }

    /// ISA interrupt of COM1 (index 0) to COM4.
    public static int serialIrq(int index) {
        return SERIAL_IRQS[index];
    }
}
