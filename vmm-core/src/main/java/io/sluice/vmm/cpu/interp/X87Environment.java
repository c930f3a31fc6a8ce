package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.fp.F80;
import io.sluice.vmm.cpu.state.FpuState;

/// The memory image of FNSTENV, FLDENV, FNSAVE and FRSTOR (SDM volume 1, 8.1.10): seven words of 16 or 32 bits, then
/// the registers, ten bytes each, from the top of the stack.
final class X87Environment {
    private static final int FIELDS = 7;
    private static final int REGISTER = 10;

    private final Core core;
    private final FpuState f;
    private final int segment;
    private final long base;
    private final int word;
    private final boolean real;

    X87Environment(Core core, int segment, long base, int word, boolean real) {
        this.core = core;
        this.f = core.state.fpu;
        this.segment = segment;
        this.base = base;
        this.word = word;
        this.real = real;
    }

    /// Full tags, from what the registers hold now.
    static int tags(FpuState f) {
        int tags = 0;
        for (int i = 0; i < 8; i++) {
            boolean empty = (f.ftw >> 2 * i & 3) == 3;
            tags |= (empty ? 3 : F80.tag(f.signExponent[i] & 0xFFFF, f.significand[i])) << 2 * i;
        }
        return tags;
    }

    void store(boolean registers) {
        int size = FIELDS * word + (registers ? 8 * REGISTER : 0);
        // The first word is probed, then the last byte, as the processor does it.
        core.checkStore(segment, base, word);
        core.checkStore(segment, base + size - 1, 1);
        core.checkStore(segment, base, size);
        field(0, f.fcw);
        field(1, f.fsw);
        field(2, tags(f));
        if (real) {
            storeRealPointers();
        } else {
            storeProtectedPointers();
        }
        if (registers) {
            storeRegisters();
            X87Control.initialise(core);
        } else {
            f.fcw |= 0x3F;
            X87Stack.summarize(core);
        }
    }

    private void storeProtectedPointers() {
        put(3, f.fip);
        if (word == 2) {
            field(4, f.fcs);
        } else {
            put(4, f.fcs | (long) f.fop << 16);
        }
        put(5, f.fdp);
        field(6, f.fds);
    }

    private void storeRealPointers() {
        long ip = f.fip + 16L * f.fcs;
        long dp = f.fdp + 16L * f.fds;
        field(3, ip);
        put(4, (ip >>> 16 & 0xFFFF) << 12 | f.fop);
        field(5, dp);
        put(6, (dp >>> 16 & 0xFFFF) << 12);
    }

    /// The upper half of a 32-bit word that holds 16 bits reads as ones.
    private void field(int i, long value) {
        put(i, word == 4 ? value & 0xFFFF | 0xFFFF_0000L : value);
    }

    private void put(int i, long value) {
        core.store(segment, base + (long) i * word, word, value);
    }

    private long get(int i) {
        return core.load(segment, base + (long) i * word, word);
    }

    private void storeRegisters() {
        for (int i = 0; i < 8; i++) {
            long at = base + (long) FIELDS * word + (long) i * REGISTER;
            core.store64(segment, at, X87Stack.sig(f, i));
            core.store16(segment, at + 8, X87Stack.se(f, i));
        }
    }

    void load(boolean registers) {
        int size = FIELDS * word + (registers ? 8 * REGISTER : 0);
        core.checkLoad(segment, base, word);
        core.checkLoad(segment, base + size - 1, 1);
        core.checkLoad(segment, base, size);
        int fcw = (int) get(0) & 0xFFFF;
        f.fsw = (int) get(1) & 0xFFFF & ~X87Stack.ES;
        f.ftw = (int) get(2) & 0xFFFF;
        loadPointers();
        if (registers) {
            for (int i = 0; i < 8; i++) {
                long at = base + (long) FIELDS * word + (long) i * REGISTER;
                int r = X87Stack.physical(f, i);
                f.significand[r] = core.load64(segment, at);
                f.signExponent[r] = (short) core.load16(segment, at + 8);
            }
        }
        X87Control.setControl(core, fcw);
    }

    private void loadPointers() {
        long third = get(3);
        long fourth = get(4);
        long fifth = get(5);
        long sixth = get(6);
        if (real) {
            f.fip = third & 0xFFFF | (fourth >>> 12) << 16 & 0xFFFF_FFFFL;
            f.fop = (int) fourth & 0x7FF;
            f.fdp = fifth & 0xFFFF | (sixth >>> 12) << 16 & 0xFFFF_FFFFL;
            f.fcs = 0;
            f.fds = 0;
            return;
        }
        f.fip = third;
        f.fcs = (int) fourth & 0xFFFF;
        f.fop = word == 4 ? (int) (fourth >>> 16) & 0x7FF : 0;
        f.fdp = fifth;
        f.fds = (int) sixth & 0xFFFF;
    }
}
