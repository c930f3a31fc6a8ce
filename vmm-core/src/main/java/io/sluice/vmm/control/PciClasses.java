package io.sluice.vmm.control;

import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Names of PCI class codes (base class and subclass), as QEMU's monitor writes them.
final class PciClasses {
    private static final Map<Integer, String> NAMES = Map.ofEntries(
            Map.entry(0x0001, "VGA controller"),
            Map.entry(0x0100, "SCSI controller"),
            Map.entry(0x0101, "IDE controller"),
            Map.entry(0x0104, "RAID controller"),
            Map.entry(0x0106, "SATA controller"),
            Map.entry(0x0107, "SAS controller"),
            Map.entry(0x0180, "Storage controller"),
            Map.entry(0x0200, "Ethernet controller"),
            Map.entry(0x0280, "Network controller"),
            Map.entry(0x0300, "VGA controller"),
            Map.entry(0x0301, "XGA controller"),
            Map.entry(0x0302, "3D controller"),
            Map.entry(0x0380, "Display controller"),
            Map.entry(0x0400, "Video controller"),
            Map.entry(0x0401, "Audio controller"),
            Map.entry(0x0403, "Audio controller"),
            Map.entry(0x0480, "Multimedia controller"),
            Map.entry(0x0500, "RAM controller"),
            Map.entry(0x0501, "Flash controller"),
            Map.entry(0x0580, "Memory controller"),
            Map.entry(0x0600, "Host bridge"),
            Map.entry(0x0601, "ISA bridge"),
            Map.entry(0x0604, "PCI bridge"),
            Map.entry(0x0680, "Bridge"),
            Map.entry(0x0700, "Serial port"),
            Map.entry(0x0701, "Parallel port"),
            Map.entry(0x0800, "Interrupt controller"),
            Map.entry(0x0801, "DMA controller"),
            Map.entry(0x0802, "Timer"),
            Map.entry(0x0803, "RTC"),
            Map.entry(0x0900, "Keyboard"),
            Map.entry(0x0902, "Mouse"),
            Map.entry(0x0C00, "Firewire controller"),
            Map.entry(0x0C03, "USB controller"),
            Map.entry(0x0C05, "SMBus"));

    private PciClasses() {}

    /// `info pci` writes a class without a name in decimal.
    static String inMonitor(int code) {
        var name = name(code);
        return name != null ? name : String.format(Locale.ROOT, "Class %04d", code);
    }

    /// `info qtree` writes it in hexadecimal.
    static String inTree(int code) {
        var name = name(code);
        return name != null ? name : String.format(Locale.ROOT, "Class %04x", code);
    }

    /// Null if the class has no name.
    static @Nullable String name(int code) {
        return NAMES.get(code);
    }
}
