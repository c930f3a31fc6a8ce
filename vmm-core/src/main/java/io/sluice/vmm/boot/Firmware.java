package io.sluice.vmm.boot;

import io.sluice.vmm.address.Gpa;
import io.sluice.vmm.boot.MemoryMap.Entry;
import io.sluice.vmm.boot.MemoryMap.Kind;
import io.sluice.vmm.boot.acpi.AcpiConfig;
import io.sluice.vmm.boot.acpi.AcpiTables;
import io.sluice.vmm.boot.acpi.Smbios;
import java.util.ArrayList;
import java.util.List;

/// What firmware leaves: the memory map, ACPI tables at the top of low RAM, their root pointer and SMBIOS where guests
/// scan for them.
public final class Firmware {
    /// End of conventional memory; the last KiB is where a BIOS keeps its extended data area.
    private static final long CONVENTIONAL_END = 0x9_FC00;

    private static final long RSDP = 0xF_0000;
    private static final long SMBIOS = 0xF_0040;
    private static final long PAGE = 4096;

    private final MemoryLayout layout;
    private final MemoryMap map;
    private final List<AcpiTables.Blob> blobs;

    private Firmware(MemoryLayout layout, MemoryMap map, List<AcpiTables.Blob> blobs) {
        this.layout = layout;
        this.map = map;
        this.blobs = blobs;
    }

    /// @param extraTables ACPI tables that plugins add, complete with header and checksum
    public static Firmware build(MemoryLayout layout, AcpiConfig config, List<byte[]> extraTables) {
        var tables = new AcpiTables(config, extraTables);
        // Addresses do not change sizes, so a first layout tells how much room the second needs.
        long size = tables.place(0, 0).end() + PAGE - 1 & -PAGE;
        long facs = layout.lowEnd() - PAGE;
        long base = facs - size;
        var placed = tables.place(base, facs);

        var blobs = new ArrayList<>(placed.tables());
        blobs.add(new AcpiTables.Blob(RSDP, placed.rsdp()));
        blobs.add(new AcpiTables.Blob(SMBIOS, Smbios.at(SMBIOS)));

        var pci = config.pci();
        long ecamLast = pci.ecam() + (pci.lastBus() + 1L << 20) - 1;
        var entries = new ArrayList<Entry>();
        entries.add(new Entry(0, CONVENTIONAL_END - 1, Kind.USABLE));
        entries.add(new Entry(CONVENTIONAL_END, MemoryLayout.VIDEO_BASE - 1, Kind.RESERVED));
        entries.add(new Entry(RSDP, MemoryLayout.MEBIBYTE - 1, Kind.RESERVED));
        entries.add(new Entry(MemoryLayout.MEBIBYTE, base - 1, Kind.USABLE));
        entries.add(new Entry(base, facs - 1, Kind.ACPI_TABLES));
        entries.add(new Entry(facs, facs + PAGE - 1, Kind.ACPI_NVS));
        entries.add(new Entry(pci.ecam(), ecamLast, Kind.RESERVED));
        if (layout.highBytes() > 0) {
            long first = MemoryLayout.HIGH_BASE;
            entries.add(new Entry(first, first + layout.highBytes() - 1, Kind.USABLE));
        }
        return new Firmware(layout, new MemoryMap(entries), List.copyOf(blobs));
    }

    public MemoryLayout layout() {
        return layout;
    }

    /// What the guest is told of its memory.
    public MemoryMap map() {
        return map;
    }

    /// Where the ACPI root pointer lies.
    public Gpa rsdp() {
        return new Gpa(RSDP);
    }

    /// Writes the tables; done by [BootImage#load] too.
    public void write(GuestMemory memory) {
        for (var blob : blobs) {
            memory.store(blob.address(), blob.bytes());
        }
    }
}
