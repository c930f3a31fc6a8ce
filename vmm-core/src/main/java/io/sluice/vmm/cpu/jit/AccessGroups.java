package io.sluice.vmm.cpu.jit;

import io.sluice.vmm.cpu.interp.RegionPlan.Step;
import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Op;
import io.sluice.vmm.cpu.isa.Operand;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Accesses of one block that lie a known way apart, off one register: the first of them finds their page for all.
///
/// Within a block only operations of the interpreter change what is in the translation cache; behind one of those
/// groups begin anew. A group whose accesses are not all in one page misses at its first.
final class AccessGroups {
    /// Of a group, in bytes.
    private static final int LONGEST = 256;
    /// Of groups in a block: a bound on locals.
    private static final int MOST = 16;
    private static final int RSP = 4;
    private static final int RBP = 5;
    /// What `rip` is taken for, beside the registers.
    private static final int RIP = 16;
    /// Their memory operand is one access.
    private static final Set<Op> SINGLE = EnumSet.of(
            Op.MOV,
            Op.MOVZX,
            Op.MOVSX,
            Op.MOVSXD,
            Op.ADD,
            Op.OR,
            Op.ADC,
            Op.SBB,
            Op.AND,
            Op.SUB,
            Op.XOR,
            Op.CMP,
            Op.TEST,
            Op.INC,
            Op.DEC,
            Op.NEG,
            Op.NOT,
            Op.SHL,
            Op.SHR,
            Op.SAR,
            Op.IMUL,
            Op.XADD,
            Op.CMPXCHG);

    /// One access.
    ///
    /// @param value number of what its address is counted from
    /// @param at its address, counted from there
    record Access(int value, long at, int size, boolean write) {}

    /// @param leader its first access
    /// @param low offset of its first byte from the leader
    /// @param high offset behind its last byte from the leader
    /// @param local where the host address of the leader is
    record Group(Access leader, long low, long high, int local) {
        private boolean has(Access access) {
            long offset = offset(access);
            return access.value == leader.value
                    && (leader.write || !access.write)
                    && offset >= low
                    && offset + access.size <= high;
        }

        /// How far an access is from the leader.
        long offset(Access access) {
            return access.at - leader.at;
        }
    }

    private final int firstLocal;
    /// By instructions of the block.
    private final List<@Nullable Access> accesses = new ArrayList<>();
    private final List<Group> open = new ArrayList<>();
    private int made;
    /// The instruction that is being written.
    private int now;

    // What is known of registers: each is a value that is not known, and a constant.
    private final int[] values = new int[16];
    private final long[] constants = new long[16];
    private int nextValue;

    /// @param firstLocal of those that groups may have
    AccessGroups(int firstLocal) {
        this.firstLocal = firstLocal;
    }

    void begin(List<Step> block) {
        accesses.clear();
        open.clear();
        made = 0;
        nextValue = RIP + 1;
        for (int i = 0; i < 16; i++) {
            values[i] = i;
            constants[i] = 0;
        }
        for (var step : block) {
            accesses.add(step.care() == Step.Care.NONE ? access(step) : null);
            follow(step.insn());
        }
    }

    /// An instruction of the block is written now.
    void at(int number) {
        now = number;
    }

    /// The interpreter has done something: none of the groups goes on.
    void close() {
        open.clear();
    }

    /// The access of the instruction that is being written, if it may be in a group.
    @Nullable
    Access access(int size, boolean write) {
        var access = accesses.get(now);
        return access != null && access.size == size && access.write == write ? access : null;
    }

    /// The group that has found the access's page already.
    @Nullable
    Group open(Access access) {
        for (var group : open) {
            if (group.has(access)) {
                return group;
            }
        }
        return null;
    }

    /// Begins a group with what is yet to come, if there is any.
    @Nullable
    Group lead(Access leader) {
        long low = 0;
        long high = leader.size;
        int count = 0;
        for (var other : accesses.subList(now, accesses.size())) {
            if (other != null && other.value == leader.value && (leader.write || !other.write)) {
                long from = Math.min(low, other.at - leader.at);
                long to = Math.max(high, other.at - leader.at + other.size);
                if (to - from <= LONGEST) {
                    low = from;
                    high = to;
                    count++;
                }
            }
        }
        if (count < 2 || made == MOST) {
            return null;
        }
        var group = new Group(leader, low, high, firstLocal + 2 * made++);
        open.add(group);
        return group;
    }

    // ---- what is known

    private @Nullable Access access(Step step) {
        var insn = step.insn();
        return switch (insn.op) {
            case PUSH -> insn.operandSize == 8 && !Emitter.isMemory(insn.operand(0)) ? off(RSP, -8, 8, true) : null;
            case CALL -> Emitter.isMemory(insn.operand(0)) ? null : off(RSP, -8, 8, true);
            case POP -> insn.operandSize == 8 && isRegister(insn.operand(0), 8) ? off(RSP, 0, 8, false) : null;
            case RET -> off(RSP, 0, 8, false);
            case LEAVE -> insn.operandSize == 8 ? off(RBP, 0, 8, false) : null;
            default -> SINGLE.contains(insn.op) || insn.op.condition() >= 0 ? operand(step) : null;
        };
    }

    private @Nullable Access operand(Step step) {
        var insn = step.insn();
        if (insn.index != Insn.NO_REGISTER || insn.addressSize != 8 || insn.segment >= Insn.FS) {
            return null;
        }
        for (int i = 0; i < insn.operands.length; i++) {
            var operand = insn.operand(i);
            if (operand.kind() == Operand.Kind.MEMORY) {
                boolean write = i == 0 && insn.op != Op.CMP && insn.op != Op.TEST;
                if (insn.ripRelative) {
                    return new Access(RIP, step.end() + insn.displacement, operand.size(), write);
                }
                return insn.base == Insn.NO_REGISTER ? null : off(insn.base, insn.displacement, operand.size(), write);
            }
        }
        return null;
    }

    private Access off(int register, long displacement, int size, boolean write) {
        return new Access(values[register], constants[register] + displacement, size, write);
    }

    private static boolean isRegister(Operand operand, int size) {
        return operand.kind() == Operand.Kind.GPR && operand.size() == size;
    }

    private void follow(Insn insn) {
        switch (insn.op) {
            case PUSH -> {
                if (insn.operandSize == 8) {
                    constants[RSP] -= 8;
                } else {
                    forget(1 << RSP);
                }
            }
            case POP -> {
                if (insn.operandSize == 8 && isRegister(insn.operand(0), 8)) {
                    constants[RSP] += 8;
                    forget(1 << insn.operand(0).number());
                } else {
                    forget(Emitter.ALL_REGISTERS);
                }
            }
            case MOV -> {
                if (isRegister(insn.operand(0), 8) && isRegister(insn.operand(1), 8)) {
                    is(insn.operand(0), insn.operand(1).number(), 0);
                } else {
                    forgetTarget(insn);
                }
            }
            case LEA -> {
                if (isRegister(insn.operand(0), 8) && isOffRegister(insn)) {
                    is(insn.operand(0), insn.base, insn.displacement);
                } else {
                    forgetTarget(insn);
                }
            }
            case ADD, SUB -> {
                if (isRegister(insn.operand(0), 8) && insn.operand(1).kind() == Operand.Kind.IMMEDIATE) {
                    constants[insn.operand(0).number()] += insn.op == Op.ADD ? insn.imm : -insn.imm;
                } else {
                    forgetTarget(insn);
                }
            }
            case MOVZX, MOVSX, MOVSXD, OR, ADC, SBB, AND, XOR, INC, DEC, NEG, NOT, SHL, SHR, SAR, ROL, ROR, BSWAP ->
                forgetTarget(insn);
            case CMP, TEST, NOP, ENDBR64, PREFETCHT0 -> {}
            default -> {
                if (insn.op.condition() >= 0 || insn.op == Op.IMUL && insn.operands.length > 1) {
                    forgetTarget(insn);
                } else {
                    forget(RegisterUse.written(insn));
                }
            }
        }
    }

    private static boolean isOffRegister(Insn insn) {
        return insn.base != Insn.NO_REGISTER
                && insn.index == Insn.NO_REGISTER
                && !insn.ripRelative
                && insn.addressSize == 8;
    }

    private void is(Operand target, int register, long more) {
        values[target.number()] = values[register];
        constants[target.number()] = constants[register] + more;
    }

    private void forgetTarget(Insn insn) {
        var target = insn.operand(0);
        if (target.kind() == Operand.Kind.GPR || target.kind() == Operand.Kind.GPR_HIGH) {
            forget(1 << target.number());
        }
    }

    private void forget(int registers) {
        for (int i = 0; i < 16; i++) {
            if ((registers >> i & 1) != 0) {
                values[i] = nextValue++;
                constants[i] = 0;
            }
        }
    }
}
