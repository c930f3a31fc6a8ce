package io.sluice.vmm.machine;

/// Where things lie on the board: QEMU's q35, so that guests find what they expect. RAM is where
/// [io.sluice.vmm.boot.MemoryLayout] puts it, PCI's windows are [io.sluice.vmm.pci.PciWindows#DEFAULT].
public final class Q35Map {
    static final long IO_APIC = 0xFEC0_0000L;
    static final long HPET = 0xFED0_0000L;

    /// Highest guest physical address: 46 bits.
    static final long LAST_ADDRESS = 0x3FFF_FFFF_FFFFL;

    static final int LAST_PORT = 0xFFFF;

    static final int PIC_MASTER = 0x20;
    static final int PIT = 0x40;
    static final int KEYBOARD_DATA = 0x60;
    static final int SYSTEM_CONTROL = 0x61;
    static final int KEYBOARD_COMMAND = 0x64;
    static final int RTC = 0x70;
    static final int PIC_SLAVE = 0xA0;
    static final int SMI_COMMAND = 0xB2;
    static final int PIC_LEVELS = 0x4D0;
    static final int ACPI_PM = 0x600;

    static final int KEYBOARD_IRQ = 1;
    static final int ACPI_IRQ = 9;
    static final int FPU_IRQ = 13;

    private static final int[] SERIAL_PORTS = {0x3F8, 0x2F8, 0x3E8, 0x2E8};
    private static final int[] SERIAL_IRQS = {4, 3, 4, 3};

    public static final int SERIAL_COUNT = SERIAL_PORTS.length;

    private Q35Map() {}

    /// First port of COM1 (index 0) to COM4.
    static int serialPort(int index) {
        return SERIAL_PORTS[index];
    }

    /// ISA interrupt of COM1 (index 0) to COM4.
    static int serialIrq(int index) {
        return SERIAL_IRQS[index];
    }
}
