package io.sluice.vmm.boot.acpi;

import java.util.List;
import java.util.stream.IntStream;

/// Everything about the machine that its tables say.
///
/// @param apicIds local APIC ids of the processors, the boot processor first
/// @param interrupts where the interrupt controllers lie
/// @param power the ACPI fixed hardware
/// @param pci the PCI host bridge's windows
/// @param hpet base of the HPET, 0 where there is none
/// @param fwCfg first port of fw_cfg, 0 where there is none
/// @param keyboardController whether there is an 8042
/// @param serialPorts the UARTs on the ISA bus
public record AcpiConfig(
        List<Integer> apicIds,
        Interrupts interrupts,
        Power power,
        PciRoot pci,
        long hpet,
        int fwCfg,
        boolean keyboardController,
        List<SerialPort> serialPorts) {

    /// @param localApic base of the local APICs
    public record Interrupts(long localApic, long ioApic, int ioApicId, int gsiBase) {}

    /// Fixed hardware: event block at `base`, control at +4, timer at +8, general events at +0x20.
    ///
    /// @param enableCommand what the guest writes to `smiCommand` to get ACPI mode
    /// @param resetPort an 8-bit port that resets the machine when `resetValue` is written
    /// @param softOff the sleep type that means power off (S5)
    public record Power(
            int base,
            int sci,
            int smiCommand,
            int enableCommand,
            int disableCommand,
            int resetPort,
            int resetValue,
            int softOff) {
        int event() {
            return base;
        }

        int control() {
            return base + 4;
        }

        int timer() {
            return base + 8;
        }

        int generalEvents() {
            return base + 0x20;
        }

        /// Length of the range that the ports take.
        int length() {
            return 0x40;
        }
    }

    /// `first..last`, both inclusive.
    public record Window(long first, long last) {
        long length() {
            return last - first + 1;
        }
    }

    /// @param ecam configuration space of bus 0; 1 MiB follows for each bus
    /// @param memory64 the window above 4 GiB
    public record PciRoot(long ecam, int lastBus, Window memory32, Window memory64) {
        long ecamLength() {
            return (lastBus + 1L) << 20;
        }
    }

    /// @param number 1 for COM1
    public record SerialPort(int number, int port, int irq) {}

    /// COM1 where every PC has it.
    public static final SerialPort COM1 = new SerialPort(1, 0x3F8, 4);

    /// COM2 where every PC has it.
    public static final SerialPort COM2 = new SerialPort(2, 0x2F8, 3);

    public AcpiConfig {
        apicIds = List.copyOf(apicIds);
        serialPorts = List.copyOf(serialPorts);
        if (apicIds.isEmpty()) {
            throw new IllegalArgumentException("a machine has a processor");
        }
    }

    /// The board as Sluice builds it, with COM1, HPET, fw_cfg and a keyboard controller.
    public static AcpiConfig board(int processors) {
        return new AcpiConfig(
                IntStream.range(0, processors).boxed().toList(),
                new Interrupts(0xFEE0_0000L, 0xFEC0_0000L, 0, 0),
                new Power(0x600, 9, 0xB2, 2, 3, 0xCF9, 6, 5),
                new PciRoot(
                        0xB000_0000L,
                        255,
                        new Window(0xC000_0000L, 0xFEBF_FFFFL),
                        new Window(0x40_0000_0000L, 0x7F_FFFF_FFFFL)),
                0xFED0_0000L,
                0x510,
                true,
                List.of(COM1));
    }

    public AcpiConfig withSerialPorts(List<SerialPort> ports) {
        return new AcpiConfig(apicIds, interrupts, power, pci, hpet, fwCfg, keyboardController, ports);
    }

    public AcpiConfig withHpet(long base) {
        return new AcpiConfig(apicIds, interrupts, power, pci, base, fwCfg, keyboardController, serialPorts);
    }

    public AcpiConfig withFwCfg(int port) {
        return new AcpiConfig(apicIds, interrupts, power, pci, hpet, port, keyboardController, serialPorts);
    }

    public AcpiConfig withKeyboardController(boolean present) {
        return new AcpiConfig(apicIds, interrupts, power, pci, hpet, fwCfg, present, serialPorts);
    }
}
