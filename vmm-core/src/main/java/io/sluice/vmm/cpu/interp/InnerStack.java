package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.GuestFault;

/// The stack of a more privileged level (or of an interrupt-stack-table entry), found in the task-state segment.
///
/// @param descriptor of the stack segment; 0 in long mode, where SS becomes null
record InnerStack(int selector, long descriptor, long pointer, int level) {
    /// @param ist interrupt-stack-table entry 1 to 7 (long mode only), or 0
    static InnerStack of(Core core, int level, int ist) {
        var s = core.state;
        if (s.inLongMode()) {
            int offset = ist != 0 ? 36 + 8 * (ist - 1) : 4 + 8 * level;
            long pointer = field(core, offset, 8);
            if (pointer >> 47 != pointer >> 63) {
                throw GuestFault.ss0();
            }
            return new InnerStack(level, 0, pointer, level);
        }
        boolean wide = (s.tr.type() & 8) != 0;
        long pointer = wide ? field(core, 4 + 8 * level, 4) : field(core, 2 + 4 * level, 2);
        int selector = (int) (wide ? field(core, 8 + 8 * level, 2) : field(core, 4 + 4 * level, 2));
        if (Descriptors.isNull(selector)) {
            throw new GuestFault(GuestFault.TS, selector & 0xFFFC);
        }
        long descriptor = Descriptors.checkedStack(core, selector, level, GuestFault.TS);
        return new InnerStack(selector, descriptor, pointer, level);
    }

    private static long field(Core core, int offset, int size) {
        var tr = core.state.tr;
        if (offset + size - 1 > tr.limit) {
            throw new GuestFault(GuestFault.TS, tr.selector & 0xFFFC);
        }
        return core.mmu.systemLoad(tr.base + offset, size);
    }

    /// Sets the accessed bit of the segment in memory; the only step that can fault.
    void markAccessed(Core core) {
        if (descriptor != 0) {
            Descriptors.markAccessed(core, selector, descriptor);
        }
    }

    /// Loads SS; the stack pointer comes with the frame.
    void loadSegment(Core core) {
        var ss = core.state.segments[Insn.SS];
        if (descriptor == 0) {
            ss.selector = level;
            ss.usable = false;
            ss.base = 0;
            ss.limit = 0;
            ss.access = level << 5;
        } else {
            Descriptors.fill(ss, selector, descriptor | Descriptors.ACCESSED);
        }
    }
}
