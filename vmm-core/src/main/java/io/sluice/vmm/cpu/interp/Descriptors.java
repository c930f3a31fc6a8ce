package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.GuestFault;
import io.sluice.vmm.cpu.state.Segment;

/// Descriptor tables (SDM volume 3, sections 3.4, 3.5 and 5): reading entries and loading segment registers with all
/// checks. A descriptor is its 8 bytes as a long.
final class Descriptors {
    static final int TYPE_LDT = 2;
    static final int TYPE_TSS16 = 1;
    static final int TYPE_TSS16_BUSY = 3;
    static final int TYPE_CALL_GATE16 = 4;
    static final int TYPE_TASK_GATE = 5;
    static final int TYPE_INTERRUPT_GATE16 = 6;
    static final int TYPE_TRAP_GATE16 = 7;
    static final int TYPE_TSS = 9;
    static final int TYPE_TSS_BUSY = 11;
    static final int TYPE_CALL_GATE = 12;
    static final int TYPE_INTERRUPT_GATE = 14;
    static final int TYPE_TRAP_GATE = 15;

    static final long ACCESSED = 1L << 40;

    private Descriptors() {}

    // ---- fields

    static int access(long descriptor) {
        return (int) (descriptor >>> 40) & 0xFFFF;
    }

    static int type(long descriptor) {
        return (int) (descriptor >>> 40) & 0xF;
    }

    /// S: code or data, not a system segment.
    static boolean isCodeOrData(long descriptor) {
        return (descriptor & 1L << 44) != 0;
    }

    static boolean isCode(long descriptor) {
        return isCodeOrData(descriptor) && (descriptor & 1L << 43) != 0;
    }

    static boolean isConforming(long descriptor) {
        return (descriptor & 1L << 42) != 0;
    }

    /// Of a code segment: readable; of a data segment: writable.
    static boolean isReadableOrWritable(long descriptor) {
        return (descriptor & 1L << 41) != 0;
    }

    static int dpl(long descriptor) {
        return (int) (descriptor >>> 45) & 3;
    }

    static boolean isPresent(long descriptor) {
        return (descriptor & 1L << 47) != 0;
    }

    static boolean isLong(long descriptor) {
        return (descriptor & 1L << 53) != 0;
    }

    static boolean isBig(long descriptor) {
        return (descriptor & 1L << 54) != 0;
    }

    static long base(long descriptor) {
        return descriptor >>> 16 & 0xFF_FFFF | descriptor >>> 32 & 0xFF00_0000L;
    }

    static long limit(long descriptor) {
        long limit = descriptor & 0xFFFF | descriptor >>> 32 & 0xF_0000;
        return (descriptor & 1L << 55) != 0 ? limit << 12 | 0xFFF : limit;
    }

    static int gateSelector(long gate) {
        return (int) (gate >>> 16) & 0xFFFF;
    }

    static long gateOffset32(long gate) {
        return gate & 0xFFFF | gate >>> 32 & 0xFFFF_0000L;
    }

    static boolean isNull(int selector) {
        return (selector & 0xFFFC) == 0;
    }

    // ---- table accesses

    /// Linear address of the entry that `selector` names, or -1 if it lies outside of its table.
    static long entry(Core core, int selector, int bytes) {
        var s = core.state;
        long last = (selector & 0xFFF8) + bytes - 1L;
        if ((selector & 4) != 0) {
            if (!s.ldtr.usable || last > s.ldtr.limit) {
                return -1;
            }
            return wrap(core, s.ldtr.base + (selector & 0xFFF8));
        }
        return last > s.gdtLimit ? -1 : wrap(core, s.gdtBase + (selector & 0xFFF8));
    }

    private static long wrap(Core core, long linear) {
        return core.state.inLongMode() ? linear : linear & 0xFFFF_FFFFL;
    }

    /// The descriptor; a selector outside of its table raises `vector` with the selector as error code.
    static long read(Core core, int selector, int vector) {
        long at = entry(core, selector, 8);
        if (at == -1) {
            throw new GuestFault(vector, selector & 0xFFFC);
        }
        return core.mmu.systemLoad(at, 8);
    }

    /// Upper 8 bytes of a 16-byte system descriptor in long mode.
    static long readUpper(Core core, int selector, int vector) {
        long at = entry(core, selector, 16);
        if (at == -1) {
            throw new GuestFault(vector, selector & 0xFFFC);
        }
        return core.mmu.systemLoad(wrap(core, at + 8), 8);
    }

    /// Sets the accessed bit in memory, if it is clear.
    static long markAccessed(Core core, int selector, long descriptor) {
        if ((descriptor & ACCESSED) == 0) {
            long at = entry(core, selector, 8);
            core.mmu.systemStore(wrap(core, at + 5), 1, (descriptor | ACCESSED) >>> 40 & 0xFF);
        }
        return descriptor | ACCESSED;
    }

    /// Faults as [#setType] would.
    static void checkType(Core core, int selector) {
        long at = entry(core, selector, 8);
        if (at == -1) {
            throw new GuestFault(GuestFault.TS, selector & 0xFFFC);
        }
        core.mmu.checkSystemStore(wrap(core, at + 5), 1);
    }

    static void setType(Core core, int selector, long descriptor, int type) {
        long at = entry(core, selector, 8);
        core.mmu.systemStore(wrap(core, at + 5), 1, descriptor >>> 40 & 0xF0 | type);
    }

    // ---- loading

    static void fill(Segment segment, int selector, long descriptor) {
        segment.selector = selector;
        segment.base = base(descriptor);
        segment.limit = limit(descriptor);
        segment.access = access(descriptor);
        segment.usable = true;
    }

    /// Real mode and virtual-8086 mode: base is 16 times the selector.
    static void fillReal(Core core, int number, int selector) {
        var segment = core.state.segments[number];
        segment.selector = selector;
        segment.base = (long) selector << 4;
        segment.usable = true;
        if (core.state.inVirtual8086Mode()) {
            segment.limit = 0xFFFF;
            segment.access = 0xF3;
        } else if (number == Insn.CS) {
            // Real mode keeps the limit that was there; CS becomes readable, writable, accessed.
            segment.access = 0x93;
        }
    }

    static void fillNull(Segment segment, int selector) {
        segment.selector = selector;
        segment.base = 0;
        segment.limit = 0;
        segment.access = 0;
        segment.usable = false;
    }

    /// MOV and POP to ES, SS, DS, FS, GS, and LES and its kin.
    static void load(Core core, int number, int selector) {
        if (core.realSegments()) {
            fillReal(core, number, selector);
        } else if (number == Insn.SS) {
            loadStack(core, selector, core.state.cpl, GuestFault.GP);
        } else {
            loadData(core, number, selector);
        }
        if (number == Insn.SS) {
            core.updateMode();
        }
    }

    private static void loadData(Core core, int number, int selector) {
        var segment = core.state.segments[number];
        if (isNull(selector)) {
            fillNull(segment, selector);
            return;
        }
        long descriptor = read(core, selector, GuestFault.GP);
        boolean readable = isCodeOrData(descriptor) && (!isCode(descriptor) || isReadableOrWritable(descriptor));
        boolean checkPrivilege = !isCode(descriptor) || !isConforming(descriptor);
        int dpl = dpl(descriptor);
        if (!readable || checkPrivilege && ((selector & 3) > dpl || core.state.cpl > dpl)) {
            throw GuestFault.gp(selector & 0xFFFC);
        }
        if (!isPresent(descriptor)) {
            throw new GuestFault(GuestFault.NP, selector & 0xFFFC);
        }
        fill(segment, selector, markAccessed(core, selector, descriptor));
    }

    /// Loads SS for privilege level `cpl`; a bad selector raises `vector` (#GP, or #TS while a stack is switched).
    static void loadStack(Core core, int selector, int cpl, int vector) {
        var segment = core.state.segments[Insn.SS];
        if (isNull(selector)) {
            if (core.is64() && cpl < 3 && (selector & 3) == cpl) {
                fillNull(segment, selector);
                segment.access = cpl << 5;
                return;
            }
            throw new GuestFault(vector, vector == GuestFault.TS ? selector & 0xFFFC : 0);
        }
        long descriptor = checkedStack(core, selector, cpl, vector);
        fill(segment, selector, markAccessed(core, selector, descriptor));
    }

    /// The descriptor of a stack segment for `cpl`, checked.
    static long checkedStack(Core core, int selector, int cpl, int vector) {
        long descriptor = read(core, selector, vector);
        boolean writable = isCodeOrData(descriptor) && !isCode(descriptor) && isReadableOrWritable(descriptor);
        if ((selector & 3) != cpl || !writable || dpl(descriptor) != cpl) {
            throw new GuestFault(vector, selector & 0xFFFC);
        }
        if (!isPresent(descriptor)) {
            throw new GuestFault(GuestFault.SS, selector & 0xFFFC);
        }
        return descriptor;
    }

    /// Loads CS from a checked descriptor at privilege level `cpl` and takes on its mode.
    static void loadCode(Core core, int selector, long descriptor, int cpl) {
        long marked = markAccessed(core, selector, descriptor);
        fill(core.state.segments[Insn.CS], selector & ~3 | cpl, marked);
        core.state.cpl = cpl;
        core.updateMode();
    }

    /// L and D both set is no code segment in long mode.
    static boolean isBadLongCode(Core core, long descriptor) {
        return core.state.inLongMode() && isLong(descriptor) && isBig(descriptor);
    }

    /// LLDT.
    static void loadLdt(Core core, int selector) {
        var ldtr = core.state.ldtr;
        if (isNull(selector)) {
            fillNull(ldtr, selector);
            return;
        }
        long descriptor = systemDescriptor(core, selector);
        if (type(descriptor) != TYPE_LDT) {
            throw GuestFault.gp(selector & 0xFFFC);
        }
        long base = systemBase(core, selector, descriptor);
        fill(ldtr, selector, descriptor);
        ldtr.base = base;
    }

    /// LTR: the task becomes busy.
    static void loadTask(Core core, int selector) {
        if (isNull(selector)) {
            throw GuestFault.gp0();
        }
        long descriptor = systemDescriptor(core, selector);
        int type = type(descriptor);
        boolean available = type == TYPE_TSS || type == TYPE_TSS16 && !core.state.inLongMode();
        if (!available) {
            throw GuestFault.gp(selector & 0xFFFC);
        }
        long base = systemBase(core, selector, descriptor);
        setType(core, selector, descriptor, type | 2);
        fill(core.state.tr, selector, descriptor);
        core.state.tr.base = base;
        core.state.tr.access |= 2;
    }

    private static long systemDescriptor(Core core, int selector) {
        if ((selector & 4) != 0) {
            throw GuestFault.gp(selector & 0xFFFC);
        }
        long descriptor = read(core, selector, GuestFault.GP);
        if (isCodeOrData(descriptor)) {
            throw GuestFault.gp(selector & 0xFFFC);
        }
        return descriptor;
    }

    /// Base of a present LDT or task: 64 bits in long mode.
    private static long systemBase(Core core, int selector, long descriptor) {
        long upper = 0;
        if (core.state.inLongMode()) {
            upper = readUpper(core, selector, GuestFault.GP);
            if ((upper >>> 40 & 0x1F) != 0) {
                throw GuestFault.gp(selector & 0xFFFC);
            }
        }
        if (!isPresent(descriptor)) {
            throw new GuestFault(GuestFault.NP, selector & 0xFFFC);
        }
        long base = base(descriptor) | upper << 32;
        if (base >> 47 != base >> 63) {
            throw GuestFault.gp(selector & 0xFFFC);
        }
        return base;
    }
}
