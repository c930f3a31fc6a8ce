package io.sluice.vmm.cpu.mmu;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.memory.HostMemory;

/// Looks into the guest's page tables without leaving a trace: no accessed or dirty bit is set, nothing is cached, no
/// device is asked, no right is checked. For debuggers.
final class PageProbe {
    /// Nothing is mapped there.
    static final long NOT_MAPPED = -1;

    private static final long PRESENT = 1;
    private static final long LARGE = 1 << 7;
    private static final long ADDRESS = (1L << PageWalker.PHYSICAL_BITS) - 1 & ~0xFFFL;

    private final CpuState state;
    private final AddressSpace memory;
    private final PageWalker walker;

    PageProbe(CpuState state, AddressSpace memory, PageWalker walker) {
        this.state = state;
        this.memory = memory;
        this.walker = walker;
    }

    /// Physical address of `linear`, or [#NOT_MAPPED].
    long translate(long linear) {
        if ((state.cr0 & PageWalker.CR0_PG) == 0) {
            return linear & 0xFFFF_FFFFL;
        }
        if ((state.efer & PageWalker.EFER_LMA) != 0) {
            return Mmu.isCanonical(linear) ? wide(linear, 4, state.cr3 & ADDRESS) : NOT_MAPPED;
        }
        long low = linear & 0xFFFF_FFFFL;
        if ((state.cr4 & PageWalker.CR4_PAE) != 0) {
            long pdpte = walker.pdpte((int) (low >>> 30));
            return (pdpte & PRESENT) == 0 ? NOT_MAPPED : wide(low, 2, pdpte & ADDRESS);
        }
        return narrow(low);
    }

    /// 8-byte entries.
    private long wide(long linear, int levels, long root) {
        long table = root;
        for (int level = levels; ; level--) {
            int shift = 12 + 9 * (level - 1);
            long at = table + ((linear >>> shift & 0x1FF) << 3);
            long entry = entry(at, 8);
            if ((entry & PRESENT) == 0) {
                return NOT_MAPPED;
            }
            if (level == 1 || level <= 3 && (entry & LARGE) != 0) {
                long mask = (1L << shift) - 1;
                return entry & ADDRESS & ~mask | linear & mask;
            }
            table = entry & ADDRESS;
        }
    }

    /// 4-byte entries.
    private long narrow(long linear) {
        long directory = entry((state.cr3 & 0xFFFF_F000L) + (linear >>> 22 << 2), 4);
        if ((directory & PRESENT) == 0) {
            return NOT_MAPPED;
        }
        if ((directory & LARGE) != 0 && (state.cr4 & PageWalker.CR4_PSE) != 0) {
            return directory & 0xFFC0_0000L | (directory >>> 13 & 0xFF) << 32 | linear & 0x3F_FFFF;
        }
        long entry = entry((directory & 0xFFFF_F000L) + ((linear >>> 12 & 0x3FF) << 2), 4);
        return (entry & PRESENT) == 0 ? NOT_MAPPED : entry & 0xFFFF_F000L | linear & 0xFFF;
    }

    /// An entry that does not lie in RAM is none.
    private long entry(long gpa, int size) {
        var ram = memory.find(gpa).asRam();
        if (ram == null || gpa + size - 1 > ram.last()) {
            return 0;
        }
        return size == 8 ? HostMemory.getLong(ram.host(gpa)) : HostMemory.getInt(ram.host(gpa)) & 0xFFFF_FFFFL;
    }
}
