package io.sluice.vmm.boot;

import java.nio.ByteBuffer;
import java.util.List;

/// The memory map that firmware reports (BIOS call E820), in order of address, without overlap.
public record MemoryMap(List<Entry> entries) {
    /// What a range is; the numbers are those of E820, which ACPI, multiboot and PVH share.
    public enum Kind {
        USABLE(1),
        RESERVED(2),
        ACPI_TABLES(3),
        ACPI_NVS(4);

        private final int type;

        Kind(int type) {
            this.type = type;
        }

        public int type() {
            return type;
        }
    }

    /// One range, `first..last`, both inclusive.
    public record Entry(long first, long last, Kind kind) {
        public long length() {
            return last - first + 1;
        }
    }

    public MemoryMap {
        entries = List.copyOf(entries);
        for (int i = 1; i < entries.size(); i++) {
            if (entries.get(i).first() <= entries.get(i - 1).last()) {
                throw new IllegalStateException("memory map out of order at " + entries.get(i));
            }
        }
    }

    /// The usable range that holds `address`, or nothing.
    boolean usable(long first, long last) {
        return entries.stream().anyMatch(e -> e.kind() == Kind.USABLE && e.first() <= first && last <= e.last());
    }

    /// As E820 and fw_cfg's `etc/e820` have it: 20 bytes an entry.
    public byte[] e820() {
        var out = Binary.allocate(20 * entries.size());
        for (var entry : entries) {
            out.putLong(entry.first())
                    .putLong(entry.length())
                    .putInt(entry.kind().type());
        }
        return out.array();
    }

    /// As multiboot has it: each entry led by its size, which does not count itself.
    byte[] multiboot() {
        var out = Binary.allocate(24 * entries.size());
        for (var entry : entries) {
            out.putInt(20).putLong(entry.first()).putLong(entry.length());
            out.putInt(entry.kind().type());
        }
        return out.array();
    }

    /// As PVH has it: 24 bytes an entry, the last four reserved.
    byte[] pvh() {
        ByteBuffer out = Binary.allocate(24 * entries.size());
        for (var entry : entries) {
            out.putLong(entry.first()).putLong(entry.length());
            out.putInt(entry.kind().type()).putInt(0);
        }
        return out.array();
    }
}
