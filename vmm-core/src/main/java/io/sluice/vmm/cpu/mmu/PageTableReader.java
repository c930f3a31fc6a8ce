package io.sluice.vmm.cpu.mmu;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.memory.HostMemory;

/// Reads a guest's page tables for those who look on: it sets no bit, raises no fault, asks no device. Tables are read
/// in RAM only; elsewhere they count as empty. Rights do not matter to it.
///
/// It looks at memory while the guest may be changing it, so it may see half a change; it never fails for that. Under
/// PAE it takes the four top entries from memory, not from the processor that loaded them with CR3.
public final class PageTableReader {
    /// What [#translate] answers where nothing is mapped.
    public static final long NOT_MAPPED = -1;

    /// How a linear address becomes a physical one.
    public enum Mode {
        /// As it is.
        NONE,
        /// Two levels of 4-byte entries.
        LEGACY,
        /// Three levels of 8-byte entries.
        PAE,
        /// Four levels of 8-byte entries.
        LONG
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

    /// How many tables one [#visit] looks into: what a guest of 64 GiB needs for pages of 4 KiB. Tables that point to
    /// one another could otherwise go on for ever.
    private static final int MOST_TABLES = 1 << 15;

    private final AddressSpace memory;
    private final long cr3;
    private final boolean largeLegacy;
    private final boolean noExecute;
    private final Mode mode;
    private int tables;

    /// The tables that `state` uses now; later changes of the registers do not matter.
    public PageTableReader(AddressSpace memory, CpuState state) {
        this.memory = memory;
        this.cr3 = state.cr3;
        this.largeLegacy = (state.cr4 & PageWalker.CR4_PSE) != 0;
        this.noExecute = (state.efer & PageWalker.EFER_NXE) != 0;
        this.mode = mode(state);
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

    /// Physical address of `linear`, or [#NOT_MAPPED]: also where reserved bits are set, which the processor refuses.
    public long translate(long linear) {
        return switch (mode) {
            case NONE -> linear & 0xFFFF_FFFFL;
            case LEGACY -> translateLegacy(linear & 0xFFFF_FFFFL);
            case PAE -> {
                long pdpte = entry64(cr3 & 0xFFFF_FFE0L, (int) (linear >>> 30) & 3);
                yield (pdpte & PRESENT) == 0 ? NOT_MAPPED : translateLong(linear & 0xFFFF_FFFFL, 2, pdpte & ADDRESS);
            }
            case LONG -> linear << 16 >> 16 != linear ? NOT_MAPPED : translateLong(linear, 4, cr3 & ADDRESS);
        };
    }

    private long translateLong(long linear, int levels, long root) {
        long reserved = RESERVED_HIGH | (noExecute ? 0 : NO_EXECUTE) | (mode == Mode.LONG ? 0 : 0x7FFL << 52);
        long table = root;
        for (int level = levels; ; level--) {
            int shift = shift(level);
            long entry = entry64(table, (int) (linear >>> shift) & 0x1FF);
            boolean leaf = isLeaf(level, entry);
            long bad = reserved;
            if (level == 4) {
                bad |= LARGE;
            } else if (leaf && level > 1) {
                bad |= (1L << shift) - 1 & ~0x1FFFL;
            }
            if ((entry & PRESENT) == 0 || (entry & bad) != 0) {
                return NOT_MAPPED;
            }
            if (leaf) {
                long mask = (1L << shift) - 1;
                return entry & ADDRESS & ~mask | linear & mask;
            }
            table = entry & ADDRESS;
        }
    }

    private long translateLegacy(long linear) {
        int pde = entry32(cr3 & 0xFFFF_F000L, (int) (linear >>> 22));
        if ((pde & PRESENT) == 0) {
            return NOT_MAPPED;
        }
        if (largeLegacy && (pde & LARGE) != 0) {
            return (pde & 1 << 21) != 0 ? NOT_MAPPED : largeLegacyAddress(pde) | linear & 0x3F_FFFF;
        }
        int pte = entry32(pde & 0xFFFF_F000L, (int) (linear >>> 12) & 0x3FF);
        return (pte & PRESENT) == 0 ? NOT_MAPPED : pte & 0xFFFF_F000L | linear & 0xFFF;
    }

    private static long largeLegacyAddress(int pde) {
        return pde & 0xFFC0_0000L | (long) (pde >>> 13 & 0xFF) << 32;
    }

    private static int shift(int level) {
        return 12 + 9 * (level - 1);
    }

    private static boolean isLeaf(int level, long entry) {
        return level == 1 || level <= 3 && (entry & LARGE) != 0;
    }

    /// Shows all pages in the order of their addresses. Without paging there are none.
    ///
    /// @return whether these were all: not if the visitor stopped it, nor if there are too many tables
    public boolean visit(Visitor visitor) {
        tables = 0;
        return switch (mode) {
            case NONE -> true;
            case LEGACY -> visitLegacy(visitor);
            case PAE -> visitPae(visitor);
            case LONG -> visitLong(4, cr3 & ADDRESS, 0, USER | WRITABLE, visitor);
        };
    }

    private boolean visitPae(Visitor visitor) {
        for (int i = 0; i < 4; i++) {
            long pdpte = entry64(cr3 & 0xFFFF_FFE0L, i);
            if ((pdpte & PRESENT) != 0 && !visitLong(2, pdpte & ADDRESS, (long) i << 30, USER | WRITABLE, visitor)) {
                return false;
            }
        }
        return true;
    }

    private boolean visitLong(int level, long table, long linear, long rights, Visitor visitor) {
        if (++tables > MOST_TABLES) {
            return false;
        }
        var ram = memory.find(table).asRam();
        if (ram == null) {
            return true;
        }
        long host = ram.host(table);
        int shift = shift(level);
        for (int i = 0; i < 512; i++) {
            long entry = HostMemory.getLong(host + 8L * i);
            if ((entry & PRESENT) == 0) {
                continue;
            }
            long at = linear | (long) i << shift;
            if (level == 4) {
                at = at << 16 >> 16;
            }
            long granted = rights & entry;
            long size = 1L << shift;
            boolean goesOn = isLeaf(level, entry)
                    ? visitor.page(at, entry & ADDRESS & -size, size, entry, granted)
                    : visitLong(level - 1, entry & ADDRESS, at, granted, visitor);
            if (!goesOn) {
                return false;
            }
        }
        return true;
    }

    private boolean visitLegacy(Visitor visitor) {
        for (int i = 0; i < 1024; i++) {
            int pde = entry32(cr3 & 0xFFFF_F000L, i);
            long linear = (long) i << 22;
            if ((pde & PRESENT) == 0) {
                continue;
            }
            boolean large = largeLegacy && (pde & LARGE) != 0;
            boolean goesOn = large
                    ? visitor.page(
                            linear, largeLegacyAddress(pde), 1 << 22, pde & 0xFFFF_FFFFL, pde & (USER | WRITABLE))
                    : visitLegacyTable(pde, linear, visitor);
            if (!goesOn) {
                return false;
            }
        }
        return true;
    }

    private boolean visitLegacyTable(int pde, long linear, Visitor visitor) {
        for (int i = 0; i < 1024; i++) {
            int pte = entry32(pde & 0xFFFF_F000L, i);
            if ((pte & PRESENT) != 0
                    && !visitor.page(
                            linear | (long) i << 12,
                            pte & 0xFFFF_F000L,
                            1 << 12,
                            pte & 0xFFFF_FFFFL,
                            pde & pte & (USER | WRITABLE))) {
                return false;
            }
        }
        return true;
    }

    // Entries are aligned, and RAM comes in whole pages.

    private long entry64(long table, int index) {
        long at = table + 8L * index;
        var ram = memory.find(at).asRam();
        return ram == null ? 0 : HostMemory.getLong(ram.host(at));
    }

    private int entry32(long table, int index) {
        long at = table + 4L * index;
        var ram = memory.find(at).asRam();
        return ram == null ? 0 : HostMemory.getInt(ram.host(at));
    }
}
