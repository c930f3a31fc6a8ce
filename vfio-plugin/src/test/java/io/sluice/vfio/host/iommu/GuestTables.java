package io.sluice.vfio.host.iommu;

import io.sluice.vmm.address.Iova;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// First-stage tables that a guest has written into its memory, which is what the parent domain maps.
final class GuestTables {
    static final long P = 1;
    static final long RW = 2;
    static final long US = 4;
    static final long A = 1 << 5;
    static final long D = 1 << 6;
    static final long PS = 1 << 7;
    static final long EA = 1 << 10;

    private final DmaRig rig;
    private final PagingDomain parent;
    private final int levels;
    private long next;
    final long root;

    /// @param tables where the guest's tables lie, in addresses of the parent
    GuestTables(DmaRig rig, PagingDomain parent, int levels, long tables) {
        this.rig = rig;
        this.parent = parent;
        this.levels = levels;
        next = tables;
        root = newTable();
    }

    private long newTable() {
        long table = next;
        next += DmaRig.PAGE;
        return table;
    }

    /// Maps one page whose entry stands on `level`, by way of tables that let everything through.
    void map(long address, long target, int level, long flags) {
        put(entryAt(address, level), target | flags);
    }

    /// Where the entry of an address on a level is; what leads there is made.
    long entryAt(long address, int level) {
        long table = root;
        for (int above = levels - 1; above > level; above--) {
            long at = at(table, address, above);
            if ((get(at) & P) == 0) {
                put(at, newTable() | P | RW | US);
            }
            table = get(at) & 0x000F_FFFF_FFFF_F000L;
        }
        return at(table, address, level);
    }

    private static long at(long table, long address, int level) {
        return table + (address >>> 12 + 9 * level & 511) * 8;
    }

    long get(long at) {
        var bytes = new byte[8];
        rig.ram.read(offset(at), bytes, 0, 8);
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    }

    void put(long at, long entry) {
        rig.ram.write(
                offset(at),
                ByteBuffer.allocate(8)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(entry)
                        .array());
    }

    private long offset(long at) {
        return parent.frameAt(new Iova(at)) - rig.all.first() + (at & DmaRig.PAGE - 1);
    }
}
