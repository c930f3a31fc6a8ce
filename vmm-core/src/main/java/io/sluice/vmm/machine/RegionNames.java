package io.sluice.vmm.machine;

import io.sluice.vmm.pci.PciHost;
import java.util.Map;

/// What QEMU calls the ranges that are fixed on the board, by their first address.
enum RegionNames {
    MEMORY(Map.of(PciHost.ECAM_BASE, "pcie-mmcfg-mmio", Q35Map.IO_APIC, "ioapic", Q35Map.HPET, "hpet")),
    PORTS(Map.ofEntries(
            Map.entry((long) Q35Map.PIC_MASTER, "pic"),
            Map.entry((long) Q35Map.PIC_SLAVE, "pic"),
            Map.entry((long) Q35Map.PIC_LEVELS, "elcr"),
            Map.entry((long) Q35Map.PIT, "pit"),
            Map.entry((long) Q35Map.SYSTEM_CONTROL, "pcspk"),
            Map.entry((long) Q35Map.KEYBOARD_DATA, "i8042-data"),
            Map.entry((long) Q35Map.KEYBOARD_COMMAND, "i8042-cmd"),
            Map.entry((long) Q35Map.RTC, "rtc"),
            Map.entry((long) Q35Map.SMI_COMMAND, "apm-io"),
            Map.entry((long) Q35Map.ACPI_PM, "acpi-pm"),
            Map.entry(0x80L, "ioport80"),
            Map.entry(0x92L, "port92"),
            Map.entry(0xE9L, "isa-debugcon"),
            Map.entry(0x510L, "fwcfg"),
            Map.entry(0x514L, "fwcfg.dma"),
            Map.entry(0xCF8L, "pci-conf"),
            Map.entry((long) Q35Map.serialPort(0), "serial"),
            Map.entry((long) Q35Map.serialPort(1), "serial"),
            Map.entry((long) Q35Map.serialPort(2), "serial"),
            Map.entry((long) Q35Map.serialPort(3), "serial")));

    private static final String OTHER = "device";

    private final Map<Long, String> names;

    RegionNames(Map<Long, String> names) {
        this.names = names;
    }

    String of(long first) {
        return names.getOrDefault(first, OTHER);
    }
}
