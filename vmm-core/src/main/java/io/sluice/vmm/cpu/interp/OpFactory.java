package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Operand;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Makes the micro-op of a decoded instruction. Each family knows its operations; the frequent ones are asked first.
final class OpFactory {
    private static final java.util.List<Function<Insn, @Nullable MicroOp>> FAMILIES = java.util.List.of(
            MoveOps::create,
            AluOps::create,
            BranchOps::create,
            StackOps::create,
            ShiftOps::create,
            BitOps::create,
            MulDivOps::create,
            ExchangeOps::create,
            StringOps::create,
            SseOps::create,
            MmxOps::create,
            X87Ops::create,
            XsaveOps::create,
            IoOps::create,
            SegmentOps::create,
            TransferOps::create,
            SystemOps::create,
            DecimalOps::create,
            EnqueueOps::create);

    private OpFactory() {}

    /// @throws IllegalStateException if no family knows the operation: the ISA table and the interpreter disagree
    static MicroOp create(Insn insn) {
        for (int i = 0; i < FAMILIES.size(); i++) {
            var op = FAMILIES.get(i).apply(insn);
            if (op != null) {
                op.stackSegment |= usesStackSegment(insn);
                return op;
            }
        }
        throw new IllegalStateException("no micro-op for " + insn.op);
    }

    static boolean knows(Insn insn) {
        for (var family : FAMILIES) {
            if (family.apply(insn) != null) {
                return true;
            }
        }
        return false;
    }

    /// Of the operand; pushes and pops look at their addresses themselves.
    private static boolean usesStackSegment(Insn insn) {
        for (var operand : insn.operands) {
            if (operand.kind() == Operand.Kind.MEMORY) {
                return insn.segment == Insn.SS;
            }
        }
        return false;
    }
}
