package io.sluice.vmm.cpu.jit;

import io.sluice.vmm.cpu.interp.RegionPlan;
import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Op;
import io.sluice.vmm.cpu.isa.Operand;

/// Which general registers instructions and blocks use; sets are bits.
final class RegisterUse {
    private static final int RAX = 1;
    private static final int RDX = 1 << 2;
    private static final int RSP = 1 << 4;
    private static final int RBP = 1 << 5;

    private RegisterUse() {}

    /// For each part the registers that are to be in their locals when it begins: those that it uses, and in a loop
    /// those that the loop uses, so that it loads none.
    static int[] wanted(RegionPlan plan) {
        var parts = plan.parts();
        var uses = new int[parts.size()];
        for (int i = 0; i < uses.length; i++) {
            uses[i] = uses(parts.get(i));
        }
        var wanted = uses.clone();
        for (int last = 0; last < uses.length; last++) {
            int first = target(plan, parts.get(last));
            if (first >= 0 && first <= last) {
                int all = 0;
                for (int i = first; i <= last; i++) {
                    all |= uses[i];
                }
                for (int i = first; i <= last; i++) {
                    wanted[i] |= all;
                }
            }
        }
        return wanted;
    }

    private static int target(RegionPlan plan, RegionPlan.Part part) {
        var last = part.steps().getLast();
        return last.insn().op == Op.CALL ? -1 : plan.partAt(last.target());
    }

    /// What a part reads before it has written it.
    private static int uses(RegionPlan.Part part) {
        int used = 0;
        int written = 0;
        for (var step : part.steps()) {
            var insn = step.insn();
            int sets = setsFirst(insn) ? 1 << insn.operand(0).number() : 0;
            used |= (named(insn) & ~sets | addressed(insn) | implied(insn.op)) & ~written;
            written |= sets;
        }
        return used;
    }

    private static boolean setsFirst(Insn insn) {
        return switch (insn.op) {
            case MOV, MOVZX, MOVSX, MOVSXD, LEA, POP ->
                insn.operand(0).kind() == Operand.Kind.GPR && insn.operand(0).size() >= 4;
            default -> false;
        };
    }

    private static int addressed(Insn insn) {
        for (var operand : insn.operands) {
            if (operand.kind() == Operand.Kind.MEMORY) {
                return bit(insn.base) | bit(insn.index);
            }
        }
        return 0;
    }

    private static int bit(int register) {
        return register == Insn.NO_REGISTER ? 0 : 1 << register;
    }

    private static int named(Insn insn) {
        int set = 0;
        for (var operand : insn.operands) {
            if (operand.kind() == Operand.Kind.GPR || operand.kind() == Operand.Kind.GPR_HIGH) {
                set |= 1 << operand.number();
            }
        }
        return set;
    }

    private static int implied(Op op) {
        return switch (op) {
            case PUSH, POP, CALL, RET -> RSP;
            case LEAVE -> RSP | RBP;
            case CBW, CWD -> RAX;
            default -> 0;
        };
    }

    /// What the interpreter's operation may write.
    static int written(Insn insn) {
        return switch (insn.op) {
            case ADD, OR, ADC, SBB, AND, SUB, XOR, CMP, TEST, INC, DEC, NEG, NOT -> named(insn);
            case SHL, SHR, SAR, ROL, ROR, RCL, RCR, SHLD, SHRD, SHLX, SHRX, SARX, RORX -> named(insn);
            case BT, BTS, BTR, BTC, BSF, BSR, TZCNT, LZCNT, POPCNT -> named(insn);
            case MOV, MOVBE, XCHG, XADD -> named(insn);
            case CMPXCHG -> named(insn) | RAX;
            case MUL, IMUL, DIV, IDIV -> named(insn) | RAX | RDX;
            case CLI, CLAC, STAC -> 0;
            default ->
                insn.op.condition() >= 0 || insn.op.compareTo(Op.MOVUPS) >= 0 && !impliesRegisters(insn.op)
                        ? named(insn)
                        : Emitter.ALL_REGISTERS;
        };
    }

    private static boolean impliesRegisters(Op op) {
        return op.compareTo(Op.PCMPESTRM) >= 0;
    }
}
