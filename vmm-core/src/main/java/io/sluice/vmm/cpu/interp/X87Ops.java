package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import org.jspecify.annotations.Nullable;

/// The micro-ops of the x87.
final class X87Ops {
    private X87Ops() {}

    static @Nullable MicroOp create(Insn insn) {
        if (!insn.op.name().startsWith("F")) {
            return null;
        }
        MicroOp op = X87Arithmetic.create(insn);
        if (op == null) {
            op = X87Transfers.create(insn);
        }
        if (op == null) {
            op = X87Unary.create(insn);
        }
        return op == null ? X87Control.create(insn) : op;
    }
}
