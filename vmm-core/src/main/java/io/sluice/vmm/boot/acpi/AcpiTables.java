package io.sluice.vmm.boot.acpi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/// All ACPI tables of a machine: what lies where, once it is known where they may lie.
public final class AcpiTables {
    /// Bytes at an address.
    public record Blob(long address, byte[] bytes) {}

    /// A set of tables in place.
    ///
    /// @param rsdp the root pointer's 36 bytes, for a place between 0xE0000 and 0xFFFFF
    /// @param end the first byte after the tables
    public record Placed(byte[] rsdp, List<Blob> tables, long end) {}

    private static final int ALIGNMENT = 64;
    private static final int FACS_BYTES = 64;
    private static final int HPET_ID = 0x8086A201;
    private static final int WAET_TIMER_GOOD = 2;

    private final AcpiConfig config;
    private final List<byte[]> extra;

    /// @param extra further tables, complete with header and checksum
    public AcpiTables(AcpiConfig config, List<byte[]> extra) {
        this.config = config;
        this.extra = List.copyOf(extra);
        for (var table : extra) {
            check(table);
        }
    }

    private static void check(byte[] table) {
        int length = table.length < Table.HEADER
                ? -1
                : ByteBuffer.wrap(table).order(ByteOrder.LITTLE_ENDIAN).getInt(4);
        if (length != table.length || Table.checksum(table, 0, table.length) != 0) {
            throw new IllegalArgumentException(
                    "an ACPI table of " + table.length + " bytes has a wrong length or checksum");
        }
    }

    /// Lays the tables out from `facs` + 64 on; the FACS itself must lie in memory that the guest keeps.
    public Placed place(long base, long facs) {
        var blobs = new ArrayList<Blob>();
        long at = base;
        long dsdt = at;
        at = add(blobs, at, Table.of("DSDT", 2, Dsdt.of(config)));
        var listed = new ArrayList<byte[]>();
        listed.add(Fadt.of(config, facs, dsdt));
        listed.add(Madt.of(config));
        listed.add(mcfg());
        if (config.hpet() != 0) {
            listed.add(hpet());
        }
        listed.add(Table.of("WAET", 1, le(4).putInt(WAET_TIMER_GOOD).array()));
        listed.addAll(extra);
        var roots32 = le(4 * listed.size());
        var roots64 = le(8 * listed.size());
        for (var table : listed) {
            roots32.putInt((int) at);
            roots64.putLong(at);
            at = add(blobs, at, table);
        }
        long rsdt = at;
        at = add(blobs, at, Table.of("RSDT", 1, roots32.array()));
        long xsdt = at;
        at = add(blobs, at, Table.of("XSDT", 1, roots64.array()));
        blobs.add(new Blob(facs, facs()));
        return new Placed(rsdp(rsdt, xsdt), List.copyOf(blobs), at);
    }

    private static long add(List<Blob> blobs, long at, byte[] table) {
        blobs.add(new Blob(at, table));
        return at + table.length + ALIGNMENT - 1 & -ALIGNMENT;
    }

    private static byte[] rsdp(long rsdt, long xsdt) {
        var out = le(36);
        out.put(Table.ascii("RSD PTR ", 8))
                .put((byte) 0)
                .put(Table.ascii("SLUICE", 6))
                .put((byte) 2);
        out.putInt((int) rsdt).putInt(out.capacity()).putLong(xsdt);
        // The first covers the 20 bytes of ACPI 1.0, the second all.
        out.put(8, Table.checksum(out.array(), 0, 20));
        out.put(32, Table.checksum(out.array(), 0, 36));
        return out.array();
    }

    private static byte[] facs() {
        return le(FACS_BYTES)
                .put(Table.ascii("FACS", 4))
                .putInt(FACS_BYTES)
                .put(32, (byte) 2)
                .array();
    }

    private byte[] mcfg() {
        var body = le(8 + 16).putLong(0).putLong(config.pci().ecam()).putShort((short) 0);
        body.put((byte) 0).put((byte) config.pci().lastBus());
        return Table.of("MCFG", 1, body.array());
    }

    private byte[] hpet() {
        var body = le(20).putInt(HPET_ID).putInt(0).putLong(config.hpet());
        return Table.of("HPET", 1, body.array());
    }

    private static ByteBuffer le(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }
}
