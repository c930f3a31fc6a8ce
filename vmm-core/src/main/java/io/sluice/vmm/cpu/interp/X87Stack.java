package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.fp.F80;
import io.sluice.vmm.cpu.fp.FpContext;
import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.FpuState;
import io.sluice.vmm.cpu.state.GuestFault;

/// The register stack of the x87, its status word, and the rules for faults of it (SDM volume 1, chapter 8).
final class X87Stack {
    static final int C0 = 1 << 8;
    static final int C1 = 1 << 9;
    static final int C2 = 1 << 10;
    static final int C3 = 1 << 14;
    static final int CONDITIONS = C0 | C1 | C2 | C3;
    /// Stack fault.
    static final int SF = 1 << 6;
    /// Error summary, and the busy bit that follows it.
    static final int ES = 1 << 7 | 1 << 15;

    private static final int CR0_MP = 1 << 1;
    private static final int CR0_EM = 1 << 2;
    private static final int CR0_TS = 1 << 3;
    private static final int CR0_NE = 1 << 5;
    private static final int EMPTY = 3;

    private X87Stack() {}

    // ---- may it run

    /// For instructions that do not wait: #NM only.
    static void checkAvailable(Core core) {
        if ((core.state.cr0 & (CR0_EM | CR0_TS)) != 0) {
            throw GuestFault.nm();
        }
    }

    /// For all others: #NM, or the exception that an earlier instruction left pending.
    static void check(Core core) {
        checkAvailable(core);
        checkPending(core);
    }

    /// FWAIT alone looks at MP instead of EM.
    static void checkWait(Core core) {
        if ((core.state.cr0 & (CR0_MP | CR0_TS)) == (CR0_MP | CR0_TS)) {
            throw GuestFault.nm();
        }
        checkPending(core);
    }

    static void checkPending(Core core) {
        if ((core.state.fpu.fsw & 1 << 7) != 0) {
            if ((core.state.cr0 & CR0_NE) != 0) {
                throw GuestFault.mf();
            }
            core.ports.ferr(true);
            core.look = true;
        }
    }

    /// ES and B follow from the flags and the masks; they fall when the last unmasked flag is gone.
    static void summarize(Core core) {
        FpuState f = core.state.fpu;
        boolean pending = (f.fsw & ~f.fcw & 0x3F) != 0;
        boolean was = (f.fsw & ES) != 0;
        f.fsw = pending ? f.fsw | ES : f.fsw & ~ES;
        if (was && !pending && (core.state.cr0 & CR0_NE) == 0) {
            core.ports.ferr(false);
        }
    }

    // ---- registers

    static int top(FpuState f) {
        return f.fsw >> 11 & 7;
    }

    static void setTop(FpuState f, int top) {
        f.fsw = f.fsw & ~0x3800 | (top & 7) << 11;
    }

    static int physical(FpuState f, int st) {
        return top(f) + st & 7;
    }

    static boolean isEmpty(FpuState f, int st) {
        return (f.ftw >> 2 * physical(f, st) & 3) == EMPTY;
    }

    static int se(FpuState f, int st) {
        return f.signExponent[physical(f, st)] & 0xFFFF;
    }

    static long sig(FpuState f, int st) {
        return f.significand[physical(f, st)];
    }

    static void set(FpuState f, int st, int se, long sig) {
        int r = physical(f, st);
        f.significand[r] = sig;
        f.signExponent[r] = (short) se;
        f.ftw = f.ftw & ~(3 << 2 * r) | F80.tag(se, sig) << 2 * r;
    }

    static void free(FpuState f, int st) {
        f.ftw |= EMPTY << 2 * physical(f, st);
    }

    static void pop(FpuState f) {
        free(f, 0);
        setTop(f, top(f) + 1);
    }

    static void push(FpuState f, int se, long sig) {
        setTop(f, top(f) - 1);
        set(f, 0, se, sig);
    }

    // ---- results and exceptions

    static FpContext begin(FpuState f) {
        f.x87.useControlWord(f.fcw);
        return f.x87;
    }

    /// Enters flags and C1; answers whether a result may be written: not after an unmasked exception that came
    /// before it.
    static boolean settle(Core core, FpContext c) {
        FpuState f = core.state.fpu;
        boolean stopped = c.stopped();
        f.fsw = f.fsw & ~C1 | c.flags | (c.roundedUp && !stopped ? C1 : 0);
        if ((c.flags & ~c.masks) != 0) {
            summarize(core);
        }
        return !stopped;
    }

    /// A register that should be full is empty, or (`overflow`) the other way round; answers whether the masked
    /// response, the indefinite, may be written.
    static boolean fault(Core core, boolean overflow) {
        FpuState f = core.state.fpu;
        f.fsw = f.fsw & ~C1 | FpContext.INVALID | SF | (overflow ? C1 : 0);
        summarize(core);
        return (f.fcw & FpContext.INVALID) != 0;
    }

    static void setIndefinite(FpuState f, int st) {
        set(f, st, F80.INDEFINITE_SE, F80.INDEFINITE_SIG);
    }

    // ---- where the last instruction was

    /// FCS:FIP and FOP; every instruction that is not a control instruction leaves them.
    static void remember(Core core, MicroOp op, int opcode) {
        FpuState f = core.state.fpu;
        f.fip = core.wrapIp(core.gpr[CpuState.BLOCK_RIP] + op.start);
        f.fcs = core.state.segments[Insn.CS].selector;
        f.fop = opcode;
    }

    static void rememberData(Core core, int segment, long offset) {
        FpuState f = core.state.fpu;
        f.fdp = offset;
        f.fds = core.state.segments[segment].selector;
    }
}
