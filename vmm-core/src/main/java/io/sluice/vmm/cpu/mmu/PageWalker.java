package io.sluice.vmm.cpu.mmu;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.bus.Mapping;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.GuestFault;
import io.sluice.vmm.memory.HostMemory;
import org.jspecify.annotations.Nullable;

/// Walks the guest's page tables (SDM volume 3, chapter 4): none, 32-bit, PAE, 4-level. Sets accessed and dirty bits
/// atomically, at every level, and only when the access is allowed: a refused access leaves no trace.
final class PageWalker {
    static final long CR0_WP = 1L << 16;
    static final long CR0_PG = 1L << 31;
    static final long CR4_PSE = 1L << 4;
    static final long CR4_PAE = 1L << 5;
    static final long CR4_PGE = 1L << 7;
    static final long CR4_PCIDE = 1L << 17;
    static final long CR4_SMEP = 1L << 20;
    static final long CR4_SMAP = 1L << 21;
    static final long EFER_LMA = 1L << 10;
    static final long EFER_NXE = 1L << 11;

    /// Physical address bits that CPUID 0x80000008 announces.
    static final int PHYSICAL_BITS = 40;

    private static final long P = 1;
    private static final long W = 1 << 1;
    private static final long U = 1 << 2;
    private static final long A = 1 << 5;
    private static final long D = 1 << 6;
    private static final long PS = 1 << 7;
    private static final long G = 1 << 8;
    private static final long NX = 1L << 63;
    private static final long ADDRESS = (1L << PHYSICAL_BITS) - 1 & ~0xFFFL;
    private static final long RESERVED_HIGH = (1L << 52) - 1 & ~((1L << PHYSICAL_BITS) - 1);

    private static final int CODE_PRESENT = 1;
    private static final int CODE_WRITE = 2;
    private static final int CODE_USER = 4;
    private static final int CODE_RESERVED = 8;
    private static final int CODE_FETCH = 16;

    private final CpuState state;
    private final AddressSpace memory;
    private final MmuTrace told;
    private final long[] pdptes = new long[4];
    /// The tables' entries on the way down, by level.
    private final long[] places = new long[5];
    private final long[] entries = new long[5];
    private Mapping.@Nullable Ram lastRam;
    private int pageShift;
    private boolean global;

    PageWalker(CpuState state, AddressSpace memory, MmuTrace told) {
        this.told = told;
        this.state = state;
        this.memory = memory;
    }

    /// Number of the address bits within the page where the last walk ended: 12, 21, 22 or 30.
    int pageShift() {
        return pageShift;
    }

    /// Whether the last walk ended in a page that is the same in all contexts: G in its entry, with CR4.PGE.
    boolean sawGlobalPage() {
        return global;
    }

    void forgetRam() {
        lastRam = null;
    }

    /// Physical address of `linear`.
    ///
    /// @param user the access counts as user mode
    /// @param smap a supervisor's data access to a user page is refused
    long walk(long linear, int access, boolean user, boolean smap) {
        pageShift = 12;
        global = false;
        if ((state.cr0 & CR0_PG) == 0) {
            return linear & 0xFFFF_FFFFL;
        }
        if ((state.efer & EFER_LMA) != 0) {
            return walkLong(linear, access, user, smap, 4, state.cr3 & ADDRESS, U | W, 0);
        }
        if ((state.cr4 & CR4_PAE) != 0) {
            long pdpte = pdptes[(int) (linear >>> 30) & 3];
            if ((pdpte & P) == 0) {
                throw fault(linear, access, user, 0);
            }
            return walkLong(linear, access, user, smap, 2, pdpte & ADDRESS, U | W, 0);
        }
        return walkLegacy(linear, access, user, smap);
    }

    /// The page-directory pointers of PAE, as the registers hold them.
    long[] pdptes() {
        return pdptes;
    }

    void loadPdptes(long cr3) {
        var loaded = new long[4];
        for (int i = 0; i < 4; i++) {
            loaded[i] = read64((cr3 & 0xFFFF_FFE0L) + 8L * i);
            if ((loaded[i] & P) != 0 && (loaded[i] & (RESERVED_HIGH | NX | 0x7FFL << 52 | 0x1E6)) != 0) {
                throw GuestFault.gp0();
            }
        }
        System.arraycopy(loaded, 0, pdptes, 0, 4);
    }

    /// 8-byte entries, `level` tables to go (4, or 2 under PAE).
    private long walkLong(
            long linear, int access, boolean user, boolean smap, int levels, long root, long grant, long denied) {
        boolean nxe = (state.efer & EFER_NXE) != 0;
        long reserved = RESERVED_HIGH | (nxe ? 0 : NX) | ((state.efer & EFER_LMA) != 0 ? 0 : 0x7FFL << 52);
        restart:
        while (true) {
            long table = root;
            long rights = grant;
            long nx = denied;
            for (int level = levels; ; level--) {
                int shift = 12 + 9 * (level - 1);
                long at = table + ((linear >>> shift & 0x1FF) << 3);
                long entry = read64(at);
                if ((entry & P) == 0) {
                    throw fault(linear, access, user, 0);
                }
                boolean leaf = level == 1 || (level <= 3 && (entry & PS) != 0);
                long bad = reserved;
                if (level == 4) {
                    bad |= PS;
                } else if (leaf && level > 1) {
                    bad |= (1L << shift) - 1 & ~0x1FFFL;
                }
                if ((entry & bad) != 0) {
                    throw fault(linear, access, user, CODE_PRESENT | CODE_RESERVED);
                }
                rights &= entry;
                nx |= entry & NX;
                if (!leaf) {
                    places[level] = at;
                    entries[level] = entry;
                    table = entry & ADDRESS;
                    continue;
                }
                check(linear, access, user, smap, rights, nxe && nx != 0);
                for (int upper = levels; upper > level; upper--) {
                    if ((entries[upper] & A) == 0 && !cas64(places[upper], entries[upper], entries[upper] | A)) {
                        continue restart;
                    }
                }
                long wanted = entry | A | (access == Access.WRITE ? D : 0);
                if (wanted != entry && !cas64(at, entry, wanted)) {
                    continue restart;
                }
                long mask = (1L << shift) - 1;
                pageShift = shift;
                noteGlobal(entry);
                return entry & ADDRESS & ~mask | linear & mask;
            }
        }
    }

    /// 4-byte entries, 4 MiB pages with CR4.PSE (with 40-bit PSE-36 addresses).
    private long walkLegacy(long linear, int access, boolean user, boolean smap) {
        while (true) {
            long at = (state.cr3 & 0xFFFF_F000L) + (linear >>> 22 << 2);
            int pde = read32(at);
            if ((pde & P) == 0) {
                throw fault(linear, access, user, 0);
            }
            if ((pde & PS) != 0 && (state.cr4 & CR4_PSE) != 0) {
                if ((pde & 1 << 21) != 0) {
                    throw fault(linear, access, user, CODE_PRESENT | CODE_RESERVED);
                }
                check(linear, access, user, smap, pde, false);
                int wanted = pde | (int) A | (access == Access.WRITE ? (int) D : 0);
                if (wanted != pde && !cas32(at, pde, wanted)) {
                    continue;
                }
                pageShift = 22;
                noteGlobal(pde);
                return (pde & 0xFFC0_0000L) | (long) (pde >>> 13 & 0xFF) << 32 | linear & 0x3F_FFFF;
            }
            long at2 = (pde & 0xFFFF_F000L) + ((linear >>> 12 & 0x3FF) << 2);
            int pte = read32(at2);
            if ((pte & P) == 0) {
                throw fault(linear, access, user, 0);
            }
            check(linear, access, user, smap, pde & pte, false);
            if ((pde & A) == 0 && !cas32(at, pde, pde | (int) A)) {
                continue;
            }
            int wanted = pte | (int) A | (access == Access.WRITE ? (int) D : 0);
            if (wanted != pte && !cas32(at2, pte, wanted)) {
                continue;
            }
            noteGlobal(pte);
            return pte & 0xFFFF_F000L | linear & 0xFFF;
        }
    }

    private void noteGlobal(long entry) {
        global = (entry & G) != 0 && (state.cr4 & CR4_PGE) != 0;
    }

    private void check(long linear, int access, boolean user, boolean smap, long rights, boolean noExecute) {
        boolean userPage = (rights & U) != 0;
        boolean allowed;
        if (user) {
            allowed = userPage && (access != Access.WRITE || (rights & W) != 0);
        } else {
            allowed = access != Access.WRITE || (rights & W) != 0 || (state.cr0 & CR0_WP) == 0;
            if (userPage) {
                allowed &= access == Access.FETCH ? (state.cr4 & CR4_SMEP) == 0 : !smap;
            }
        }
        if (!allowed || access == Access.FETCH && noExecute) {
            throw fault(linear, access, user, CODE_PRESENT);
        }
    }

    private GuestFault fault(long linear, int access, boolean user, int code) {
        int full = code | (access == Access.WRITE ? CODE_WRITE : 0) | (user ? CODE_USER : 0);
        boolean tellsFetch = (state.cr4 & CR4_SMEP) != 0 || (state.efer & EFER_NXE) != 0 && (state.cr4 & CR4_PAE) != 0;
        if (access == Access.FETCH && tellsFetch) {
            full |= CODE_FETCH;
        }
        told.faulted(linear, access, full);
        return new GuestFault(GuestFault.PF, full, linear);
    }

    // ---- physical memory; tables outside RAM read as the bus answers

    /// The RAM that holds the entry of `size` bytes. Entries are aligned, so they lie in one range of whole pages.
    private Mapping.@Nullable Ram ram(long gpa, int size) {
        var ram = lastRam;
        if (ram != null && gpa >= ram.first() && gpa + size - 1 <= ram.last()) {
            return ram;
        }
        ram = memory.find(gpa).asRam();
        if (ram != null && gpa + size - 1 <= ram.last()) {
            lastRam = ram;
            return ram;
        }
        return null;
    }

    private long read64(long gpa) {
        var ram = ram(gpa, 8);
        return ram != null ? HostMemory.getLong(ram.host(gpa)) : memory.read(gpa, 8);
    }

    private int read32(long gpa) {
        var ram = ram(gpa, 4);
        return ram != null ? HostMemory.getInt(ram.host(gpa)) : (int) memory.read(gpa, 4);
    }

    private boolean cas64(long gpa, long expected, long value) {
        var ram = ram(gpa, 8);
        if (ram == null || !ram.writable()) {
            return true;
        }
        boolean done = HostMemory.compareAndSetLong(ram.host(gpa), expected, value);
        ram.ram().watch().written(ram.offset() + (gpa - ram.first()), 8);
        return done;
    }

    private boolean cas32(long gpa, int expected, int value) {
        var ram = ram(gpa, 4);
        if (ram == null || !ram.writable()) {
            return true;
        }
        boolean done = HostMemory.compareAndSetInt(ram.host(gpa), expected, value);
        ram.ram().watch().written(ram.offset() + (gpa - ram.first()), 4);
        return done;
    }
}
