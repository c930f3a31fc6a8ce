package io.sluice.vmm.cpu.mmu;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.memory.HostMemory;

/// Reads a guest's page tables for those who look on: it sets no bit, raises no fault, caches nothing and asks no
/// device. Tables are read in RAM only; elsewhere they count as empty. Rights are told and not asked for; an entry with
/// reserved bits, which the processor refuses, maps nothing.
///
/// It looks at memory while the guest may be changing it, so it may see half a change; it never fails for that.
public final class PageTableReader {
    /// What [#translate] answers where nothing is mapped.
    public static final long NOT_MAPPED = -1;

    /// How a linear address becomes a physical one.
    public enum Mode {
        /// As it is.
        NONE(0, 0, 0),
        /// Two levels of 4-byte entries.
        LEGACY(2, 4, 10),
        /// Two levels of 8-byte entries, below four that the processor holds.
        PAE(2, 8, 9),
        /// Four levels of 8-byte entries.
        LONG(4, 8, 9);

        private final int levels;
        private final int entryBytes;
        private final int indexBits;

        Mode(int levels, int entryBytes, int indexBits) {
            this.levels = levels;
            this.entryBytes = entryBytes;
            this.indexBits = indexBits;
        }
    }

    /// Told of each page.
    public interface Visitor {
        /// @param entry the lowest entry as it stands in memory
        /// @param rights bits U and W, as all levels together grant them
        /// @return whether to go on
        boolean page(long linear, long physical, long size, long entry, long rights);
    }

    public static final long PRESENT = 1;
    public static final long WRITABLE = 1 << 1;
    public static final long USER = 1 << 2;
    public static final long WRITE_THROUGH = 1 << 3;
    public static final long CACHE_DISABLED = 1 << 4;
    public static final long ACCESSED = 1 << 5;
    public static final long DIRTY = 1 << 6;
    public static final long LARGE = 1 << 7;
    public static final long GLOBAL = 1 << 8;
    public static final long NO_EXECUTE = 1L << 63;

    private static final long ADDRESS = (1L << PageWalker.PHYSICAL_BITS) - 1 & ~0xFFFL;
    private static final long RESERVED_HIGH = (1L << 52) - 1 & ~((1L << PageWalker.PHYSICAL_BITS) - 1);
    private static final long RESERVED_PAE = 0x7FFL << 52;
    private static final long RESERVED_LARGE_LEGACY = 1 << 21;
    private static final long ALL_RIGHTS = USER | WRITABLE;
    private static final long LINEAR_32 = 0xFFFF_FFFFL;
    private static final long LINEAR_48 = (1L << 48) - 1;
    private static final int PDPTE_SHIFT = 30;

    /// How many tables one [#visit] looks into: what a guest of 64 GiB needs for pages of 4 KiB. Tables that point to
    /// one another could otherwise go on for ever.
    private static final int MOST_TABLES = 1 << 15;

    private final AddressSpace memory;
    private final Mode mode;
    private final long root;
    private final boolean largeLegacy;
    private final long reserved;
    private final long[] pdptes;

    /// The tables that `state` uses now; later changes of the registers do not matter.
    ///
    /// @param pdptes the four top entries under PAE, as the processor loaded them with CR3
    PageTableReader(AddressSpace memory, CpuState state, long[] pdptes) {
        this.memory = memory;
        this.mode = mode(state);
        this.root = state.cr3 & ADDRESS & (mode == Mode.LONG ? -1 : LINEAR_32);
        this.largeLegacy = (state.cr4 & PageWalker.CR4_PSE) != 0;
        this.pdptes = pdptes.clone();
        boolean noExecute = (state.efer & PageWalker.EFER_NXE) != 0;
        this.reserved = mode == Mode.LEGACY
                ? 0
                : RESERVED_HIGH | (noExecute ? 0 : NO_EXECUTE) | (mode == Mode.PAE ? RESERVED_PAE : 0);
    }

    private static Mode mode(CpuState state) {
        if ((state.cr0 & PageWalker.CR0_PG) == 0) {
            return Mode.NONE;
        }
        if ((state.efer & PageWalker.EFER_LMA) != 0) {
            return Mode.LONG;
        }
        return (state.cr4 & PageWalker.CR4_PAE) != 0 ? Mode.PAE : Mode.LEGACY;
    }

    public Mode mode() {
        return mode;
    }

    /// Physical address of `linear`, or [#NOT_MAPPED].
    public long translate(long linear) {
        if (mode == Mode.NONE) {
            return linear & LINEAR_32;
        }
        if (mode == Mode.LONG && !Mmu.isCanonical(linear)) {
            return NOT_MAPPED;
        }
        long at = linear & (mode == Mode.LONG ? LINEAR_48 : LINEAR_32);
        long[] found = {NOT_MAPPED};
        new Walk(at, at, (page, physical, size, entry, rights) -> {
                    found[0] = physical | at & size - 1;
                    return false;
                })
                .walk();
        return found[0];
    }

    /// Shows all pages in the order of their addresses. Without paging there are none.
    ///
    /// @return whether these were all: not if the visitor stopped it, nor if there are too many tables
    public boolean visit(Visitor visitor) {
        return mode == Mode.NONE || new Walk(0, mode == Mode.LONG ? LINEAR_48 : LINEAR_32, visitor).walk();
    }

    /// One way down to the pages from `first` to `last`. Addresses are not sign-extended here.
    private final class Walk {
        private final long first;
        private final long last;
        private final Visitor visitor;
        private int tables;

        Walk(long first, long last, Visitor visitor) {
            this.first = first;
            this.last = last;
            this.visitor = visitor;
        }

        boolean walk() {
            return mode == Mode.PAE ? registers() : table(mode.levels, root, 0, ALL_RIGHTS);
        }

        private boolean registers() {
            for (long i = first >> PDPTE_SHIFT; i <= last >> PDPTE_SHIFT; i++) {
                long pdpte = pdptes[(int) i];
                if ((pdpte & PRESENT) != 0 && !table(mode.levels, pdpte & ADDRESS, i << PDPTE_SHIFT, ALL_RIGHTS)) {
                    return false;
                }
            }
            return true;
        }

        /// @param start the lowest address that the table has to do with
        /// @return whether to go on
        private boolean table(int level, long table, long start, long rights) {
            if (++tables > MOST_TABLES) {
                return false;
            }
            // Tables are whole pages, and RAM comes in whole pages.
            var ram = memory.find(table).asRam();
            if (ram == null) {
                return true;
            }
            long host = ram.host(table);
            int shift = 12 + mode.indexBits * (level - 1);
            long from = Math.max(first, start) - start >> shift;
            long to = Math.min(last - start >> shift, (1L << mode.indexBits) - 1);
            for (long i = from; i <= to; i++) {
                long entry = entry(host + i * mode.entryBytes);
                if ((entry & PRESENT) == 0 || (entry & reserved(level, shift, entry)) != 0) {
                    continue;
                }
                long at = start | i << shift;
                boolean goesOn = isLeaf(level, entry)
                        ? visitor.page(at << 16 >> 16, frame(level, shift, entry), 1L << shift, entry, rights & entry)
                        : table(level - 1, entry & ADDRESS, at, rights & entry);
                if (!goesOn) {
                    return false;
                }
            }
            return true;
        }
    }

    private long entry(long host) {
        return mode == Mode.LEGACY ? HostMemory.getInt(host) & 0xFFFF_FFFFL : HostMemory.getLong(host);
    }

    private boolean isLeaf(int level, long entry) {
        return level == 1 || level <= 3 && (entry & LARGE) != 0 && (mode != Mode.LEGACY || largeLegacy);
    }

    private long reserved(int level, int shift, long entry) {
        if (level == 4) {
            return reserved | LARGE;
        }
        if (level == 1 || !isLeaf(level, entry)) {
            return reserved;
        }
        return mode == Mode.LEGACY ? RESERVED_LARGE_LEGACY : reserved | (1L << shift) - 1 & ~0x1FFFL;
    }

    private long frame(int level, int shift, long entry) {
        if (mode == Mode.LEGACY && level == 2) {
            // PSE-36: the high part of the address stands in bits 20..13.
            return entry & 0xFFC0_0000L | (entry >>> 13 & 0xFF) << 32;
        }
        return entry & ADDRESS & -(1L << shift);
    }
}
