package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import org.jspecify.annotations.Nullable;

/// The micro-ops of SSE to SSE4.2 on XMM registers. What touches an MMX register as well is [MmxOps].
final class SseOps {
    private SseOps() {}

    static @Nullable MicroOp create(Insn insn) {
        if (insn.operands.length == 0) {
            return null;
        }
        var op = SseMoves.create(insn);
        if (op != null || SseElements.usesMmx(insn)) {
            return op;
        }
        op = SseIntegers.create(insn);
        if (op == null) {
            op = SseShuffles.create(insn);
        }
        if (op == null) {
            op = SseElements.create(insn);
        }
        if (op == null) {
            op = SseArithmetic.create(insn);
        }
        if (op == null) {
            op = SseConversions.create(insn);
        }
        return op == null ? SseStrings.create(insn) : op;
    }
}
