package io.sluice.vmm.cpu.jit;

import io.sluice.vmm.cpu.interp.Core;
import io.sluice.vmm.cpu.state.CpuState;
import jdk.internal.misc.Unsafe;

/// What translated code names.
final class TranslatedCode {
    static final Unsafe UNSAFE = Unsafe.getUnsafe();

    private TranslatedCode() {}

    /// Before an operation of the interpreter: where it looks for the address of its instruction, and what is needed if
    /// it faults.
    static void enter(Core core, long rip, int point, int done, int kind, long a, long b) {
        core.suspend(point, done, kind, a, b);
        core.state.rip = rip;
        core.gpr[CpuState.BLOCK_RIP] = rip;
    }
}
