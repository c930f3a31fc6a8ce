package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.fp.F80;
import io.sluice.vmm.cpu.state.FpuState;

/// The legacy region of FXSAVE and XSAVE in guest memory, and the words behind it (SDM volume 1, 10.5.1 and 13.4).
final class XsaveArea {
    static final int LEGACY_SIZE = 512;
    /// The header: XSTATE_BV, XCOMP_BV, and six words that must be zero.
    static final int HEADER = 512;

    static final int HEADER_WORDS = 8;
    /// Where components beyond the legacy ones begin.
    static final int EXTENDED = 576;

    static final int XMM = 160;
    private static final int MXCSR = 24;
    private static final int MXCSR_MASK = 28;
    private static final int ST = 32;
    private static final int XMM_IN_32BIT_CODE = 8;

    private final Core core;
    private final FpuState f;
    private final Address address;
    private final int segment;
    private final long base;
    /// REX.W: pointers of 64 bits without selectors.
    private final boolean wide;

    XsaveArea(Core core, Address address, long base, boolean wide) {
        this.core = core;
        this.f = core.state.fpu;
        this.address = address;
        this.segment = address.segment;
        this.base = base;
        this.wide = wide;
    }

    /// The last byte is probed first, as the processor does it.
    void checkStore(int size) {
        core.checkStore(segment, address.wrap(base + size - 1), 1);
        core.checkStore(segment, base, size);
    }

    void checkLoad(int size) {
        core.checkLoad(segment, address.wrap(base + size - 1), 1);
        core.checkLoad(segment, base, size);
    }

    long load64(int at) {
        return core.load64(segment, base + at);
    }

    void store64(int at, long value) {
        core.store64(segment, base + at, value);
    }

    private void store32(int at, int value) {
        core.store32(segment, base + at, value);
    }

    private void store16(int at, int value) {
        core.store16(segment, base + at, value);
    }

    private int load16(int at) {
        return core.load16(segment, base + at) & 0xFFFF;
    }

    void storeX87() {
        store16(0, f.fcw);
        store16(2, f.fsw);
        int used = 0;
        for (int i = 0; i < 8; i++) {
            used |= (f.ftw >> 2 * i & 3) == 3 ? 0 : 1 << i;
        }
        store16(4, used);
        store16(6, f.fop);
        if (wide) {
            store64(8, f.fip);
            store64(16, f.fdp);
        } else {
            store64(8, f.fip & 0xFFFF_FFFFL | (long) f.fcs << 32);
            store64(16, f.fdp & 0xFFFF_FFFFL | (long) f.fds << 32);
        }
        for (int i = 0; i < 8; i++) {
            store64(ST + 16 * i, X87Stack.sig(f, i));
            store64(ST + 16 * i + 8, X87Stack.se(f, i));
        }
    }

    void loadX87() {
        int fcw = load16(0);
        f.fsw = load16(2) & ~X87Stack.ES;
        int used = load16(4) & 0xFF;
        f.fop = load16(6) & 0x7FF;
        long ip = load64(8);
        long dp = load64(16);
        f.fip = wide ? ip : ip & 0xFFFF_FFFFL;
        f.fdp = wide ? dp : dp & 0xFFFF_FFFFL;
        f.fcs = wide ? 0 : (int) (ip >>> 32) & 0xFFFF;
        f.fds = wide ? 0 : (int) (dp >>> 32) & 0xFFFF;
        f.ftw = 0;
        for (int i = 0; i < 8; i++) {
            int r = X87Stack.physical(f, i);
            f.significand[r] = load64(ST + 16 * i);
            f.signExponent[r] = (short) load16(ST + 16 * i + 8);
            boolean empty = (used >> r & 1) == 0;
            f.ftw |= (empty ? 3 : F80.tag(f.signExponent[r] & 0xFFFF, f.significand[r])) << 2 * r;
        }
        X87Control.setControl(core, fcw);
    }

    int mxcsr() {
        return core.load32(segment, base + MXCSR);
    }

    void storeMxcsr() {
        store32(MXCSR, f.mxcsr);
        store32(MXCSR_MASK, FpuState.MXCSR_MASK);
    }

    /// Only 64-bit mode sees XMM8 to XMM15.
    private int registers() {
        return core.is64() ? 2 * 16 : 2 * XMM_IN_32BIT_CODE;
    }

    void storeXmm() {
        for (int i = 0; i < registers(); i++) {
            store64(XMM + 8 * i, f.xmm[i]);
        }
    }

    void loadXmm() {
        for (int i = 0; i < registers(); i++) {
            f.xmm[i] = load64(XMM + 8 * i);
        }
    }

    void clearXmm() {
        java.util.Arrays.fill(f.xmm, 0, registers(), 0);
    }

    boolean xmmIsClear() {
        for (int i = 0; i < registers(); i++) {
            if (f.xmm[i] != 0) {
                return false;
            }
        }
        return true;
    }

    /// The x87's initial state: FNINIT's, with the registers cleared as well.
    void clearX87() {
        X87Control.initialise(core);
        java.util.Arrays.fill(f.significand, 0);
        java.util.Arrays.fill(f.signExponent, (short) 0);
    }
}
