package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.state.FpuState;
import io.sluice.vmm.cpu.state.GuestFault;
import java.util.Arrays;

/// The 512 bytes that FXSAVE and XSAVE write (SDM volume 1, table 10-2), at a linear address that was checked.
final class LegacyArea {
    private static final int X87_REGISTERS = 32;
    private static final int XMM_REGISTERS = 160;

    private final Core core;
    private final FpuState fpu;
    private final long at;
    /// REX.W: 64-bit instruction and data pointers without selectors.
    private final boolean wide;

    LegacyArea(Core core, long at, boolean wide) {
        this.core = core;
        this.fpu = core.state.fpu;
        this.at = at;
        this.wide = wide;
    }

    private long place(int offset) {
        return core.wrapLinear(at + offset);
    }

    private int physical(int i) {
        return (fpu.fsw >> 11) + i & 7;
    }

    void saveX87() {
        var mmu = core.mmu;
        mmu.store16(place(0), fpu.fcw);
        mmu.store16(place(2), fpu.fsw);
        mmu.store8(place(4), abridgedTags());
        mmu.store8(place(5), 0);
        mmu.store16(place(6), fpu.fop);
        if (wide) {
            mmu.store64(place(8), fpu.fip);
            mmu.store64(place(16), fpu.fdp);
        } else {
            mmu.store32(place(8), (int) fpu.fip);
            mmu.store32(place(12), fpu.fcs);
            mmu.store32(place(16), (int) fpu.fdp);
            mmu.store32(place(20), fpu.fds);
        }
        for (int i = 0; i < 8; i++) {
            mmu.store64(place(X87_REGISTERS + 16 * i), fpu.significand[physical(i)]);
            mmu.store64(place(X87_REGISTERS + 16 * i + 8), fpu.signExponent[physical(i)] & 0xFFFF);
        }
    }

    /// One bit a physical register: not empty.
    private int abridgedTags() {
        int tags = 0;
        for (int i = 0; i < 8; i++) {
            tags |= (fpu.ftw >> 2 * i & 3) != 3 ? 1 << i : 0;
        }
        return tags;
    }

    void saveMxcsr() {
        core.mmu.store32(place(24), fpu.mxcsr);
        core.mmu.store32(place(28), FpuState.MXCSR_MASK);
    }

    void saveXmm() {
        for (int i = 0; i < 2 * registers(); i++) {
            core.mmu.store64(place(XMM_REGISTERS + 8 * i), fpu.xmm[i]);
        }
    }

    private int registers() {
        return core.is64() ? 16 : 8;
    }

    static int checkedMxcsr(int value) {
        if ((value & ~FpuState.MXCSR_MASK) != 0) {
            throw GuestFault.gp0();
        }
        return value;
    }

    /// MXCSR in the area; #GP(0) if it has reserved bits.
    int mxcsr() {
        return checkedMxcsr(core.mmu.load32(place(24)));
    }

    void restoreX87() {
        var mmu = core.mmu;
        fpu.fcw = mmu.load16(place(0)) & 0x1F7F | 0x40;
        fpu.fsw = mmu.load16(place(2));
        fpu.fop = mmu.load16(place(6)) & 0x7FF;
        if (wide) {
            fpu.fip = mmu.load64(place(8));
            fpu.fdp = mmu.load64(place(16));
            fpu.fcs = 0;
            fpu.fds = 0;
        } else {
            fpu.fip = mmu.load32(place(8)) & 0xFFFF_FFFFL;
            fpu.fcs = mmu.load16(place(12));
            fpu.fdp = mmu.load32(place(16)) & 0xFFFF_FFFFL;
            fpu.fds = mmu.load16(place(20));
        }
        for (int i = 0; i < 8; i++) {
            fpu.significand[physical(i)] = mmu.load64(place(X87_REGISTERS + 16 * i));
            fpu.signExponent[physical(i)] = (short) mmu.load16(place(X87_REGISTERS + 16 * i + 8));
        }
        restoreTags(mmu.load8(place(4)));
        // The summary bit follows from flags and masks, whatever was stored.
        boolean pending = (fpu.fsw & ~fpu.fcw & 0x3F) != 0;
        fpu.fsw = fpu.fsw & 0x7F7F | (pending ? 0x8080 : 0);
    }

    /// Full tags from the abridged ones and the contents.
    private void restoreTags(int abridged) {
        fpu.ftw = 0;
        for (int i = 0; i < 8; i++) {
            int tag = (abridged >> i & 1) == 0 ? 3 : tag(fpu.signExponent[i] & 0x7FFF, fpu.significand[i]);
            fpu.ftw |= tag << 2 * i;
        }
    }

    private static int tag(int exponent, long significand) {
        if (exponent == 0 && significand == 0) {
            return 1;
        }
        return exponent == 0 || exponent == 0x7FFF || significand >= 0 ? 2 : 0;
    }

    void initX87() {
        fpu.fcw = 0x37F;
        fpu.fsw = 0;
        fpu.ftw = 0xFFFF;
        fpu.fop = 0;
        fpu.fip = 0;
        fpu.fcs = 0;
        fpu.fdp = 0;
        fpu.fds = 0;
        Arrays.fill(fpu.significand, 0);
        Arrays.fill(fpu.signExponent, (short) 0);
    }

    void restoreXmm() {
        for (int i = 0; i < 2 * registers(); i++) {
            fpu.xmm[i] = core.mmu.load64(place(XMM_REGISTERS + 8 * i));
        }
    }

    void clearXmm() {
        Arrays.fill(fpu.xmm, 0, 2 * registers(), 0);
    }
}
