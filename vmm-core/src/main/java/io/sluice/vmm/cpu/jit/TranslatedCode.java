package io.sluice.vmm.cpu.jit;

import io.sluice.vmm.cpu.interp.Core;
import io.sluice.vmm.cpu.mmu.Mmu;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.GuestFault;
import jdk.internal.misc.Unsafe;

/// What translated code calls, by name.
///
/// Loads and stores come here when they missed the translation cache, with everything that the interpreter's way needs
/// for a fault.
final class TranslatedCode {
    static final Unsafe UNSAFE = Unsafe.getUnsafe();

    private TranslatedCode() {}

    // ---- coming and going

    static void leave(CpuState s, long rip, int kind, long a, long b) {
        s.rip = rip;
        s.lazyKind = kind;
        s.lazyResult = a;
        s.lazyAux = b;
    }

    /// Before an operation of the interpreter: where it looks for the address of its instruction.
    static void enter(Core core, long rip, int point, int done, int kind, long a, long b) {
        core.suspend(point, done, kind, a, b);
        core.state.rip = rip;
        core.gpr[CpuState.BLOCK_RIP] = rip;
    }

    /// The target of an indirect transfer.
    static long target(Core core, long linear, int point, int done, int kind, long a, long b) {
        if (!Mmu.isCanonical(linear)) {
            core.suspend(point, done, kind, a, b);
            throw GuestFault.gp0();
        }
        return linear;
    }

    // ---- what missed

    /// What is at `linear`, zero-extended from `size` bytes.
    static long load(Core core, long linear, int size, int point, int done, int kind, long a, long b) {
        core.suspend(point, done, kind, a, b);
        return switch (size) {
            case 1 -> core.mmu.load8(linear);
            case 2 -> core.mmu.load16(linear);
            case 4 -> core.mmu.load32(linear) & 0xFFFF_FFFFL;
            default -> core.mmu.load64(linear);
        };
    }

    /// Whether something asks for attention behind it.
    static boolean store(Core core, long linear, long value, int size, int point, int done, int kind, long a, long b) {
        core.suspend(point, done, kind, a, b);
        switch (size) {
            case 1 -> core.mmu.store8(linear, (int) value & 0xFF);
            case 2 -> core.mmu.store16(linear, (int) value & 0xFFFF);
            case 4 -> core.mmu.store32(linear, (int) value);
            default -> core.mmu.store64(linear, value);
        }
        return core.look;
    }

    /// The host address of `size` bytes of plain RAM that may be written, or 0.
    static long find(Core core, long linear, int size, int point, int done, int kind, long a, long b) {
        core.suspend(point, done, kind, a, b);
        return core.mmu.hostForAtomic(linear, size);
    }
}
