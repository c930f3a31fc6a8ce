package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Operand;
import io.sluice.vmm.cpu.state.CpuState;
import org.jspecify.annotations.Nullable;

/// Near jumps, calls and returns, and loops. Each sets `rip` and ends its block.
final class BranchOps {
    private BranchOps() {}

    static @Nullable MicroOp create(Insn insn) {
        if (insn.op.condition() >= 0) {
            return insn.op.name().startsWith("J") ? conditional(insn) : null;
        }
        return switch (insn.op) {
            case JMP -> jump(insn);
            case CALL -> call(insn);
            case RET -> ret(insn);
            case LOOP, LOOPE, LOOPNE -> loop(insn);
            case JCXZ -> jumpIfCountZero(insn);
            default -> null;
        };
    }

    private abstract static class Branch extends MicroOp {
        @Override
        public boolean endsBlock() {
            return true;
        }
    }

    private static MicroOp conditional(Insn insn) {
        if (insn.mode != 64) {
            int condition = insn.op.condition();
            long displacement = insn.imm;
            int size = insn.operandSize;
            return Cold.ending((core, next) -> {
                if (Flags.condition(core.state, condition)) {
                    core.jumpNear(next + displacement, size);
                }
            });
        }
        return switch (insn.op.condition()) {
            case 2 -> new JumpIfCarry(insn.imm, true);
            case 3 -> new JumpIfCarry(insn.imm, false);
            case 4 -> new JumpIfZero(insn.imm);
            case 5 -> new JumpIfNotZero(insn.imm);
            default -> new JumpIf(insn.imm, insn.op.condition());
        };
    }

    /// 64-bit mode: a relative jump from canonical code can only leave it by less than 2 GiB; the fetch faults then.
    private static final class JumpIfZero extends Branch {
        private final long displacement;

        JumpIfZero(long displacement) {
            this.displacement = displacement;
        }

        @Override
        public void run(Core core) {
            var s = core.state;
            s.rip += s.lazyResult == 0 ? next + displacement : next;
        }
    }

    private static final class JumpIfNotZero extends Branch {
        private final long displacement;

        JumpIfNotZero(long displacement) {
            this.displacement = displacement;
        }

        @Override
        public void run(Core core) {
            var s = core.state;
            s.rip += s.lazyResult != 0 ? next + displacement : next;
        }
    }

    private static final class JumpIfCarry extends Branch {
        private final long displacement;
        private final boolean wanted;

        JumpIfCarry(long displacement, boolean wanted) {
            this.displacement = displacement;
            this.wanted = wanted;
        }

        @Override
        public void run(Core core) {
            var s = core.state;
            s.rip += s.lazyAux < 0 == wanted ? next + displacement : next;
        }
    }

    private static final class JumpIf extends Branch {
        private final long displacement;
        private final int condition;

        JumpIf(long displacement, int condition) {
            this.displacement = displacement;
            this.condition = condition;
        }

        @Override
        public void run(Core core) {
            var s = core.state;
            s.rip += Flags.condition(s, condition) ? next + displacement : next;
        }
    }

    private static MicroOp jump(Insn insn) {
        int size = insn.operandSize;
        if (insn.operand(0).kind() == Operand.Kind.RELATIVE) {
            long displacement = insn.imm;
            return insn.mode == 64
                    ? new Jump(displacement)
                    : Cold.ending((core, next) -> core.jumpNear(next + displacement, size));
        }
        var target = Location.of(insn, 0);
        return Cold.ending((core, next) -> core.jumpNear(target.get(core), size));
    }

    private static final class Jump extends Branch {
        private final long displacement;

        Jump(long displacement) {
            this.displacement = displacement;
        }

        @Override
        public void run(Core core) {
            core.state.rip += next + displacement;
        }
    }

    private static MicroOp call(Insn insn) {
        int size = insn.operandSize;
        if (insn.operand(0).kind() == Operand.Kind.RELATIVE) {
            long displacement = insn.imm;
            return insn.mode == 64
                    ? new Call(displacement)
                    : Cold.ending((core, next) -> callNear(core, next + displacement, size, next));
        }
        var target = Location.of(insn, 0);
        return Cold.ending((core, next) -> callNear(core, target.get(core), size, next));
    }

    private static void callNear(Core core, long target, int size, long next) {
        long checked = core.checkedTarget(target, size);
        core.push(size, next);
        core.state.rip = checked;
    }

    private static final class Call extends Branch {
        private final long displacement;

        Call(long displacement) {
            this.displacement = displacement;
            stackSegment = true;
        }

        @Override
        public void run(Core core) {
            var s = core.state;
            long[] g = core.gpr;
            long behind = s.rip + next;
            long sp = g[4] - 8;
            core.mmu.store64(sp, behind);
            g[4] = sp;
            s.rip = behind + displacement;
        }
    }

    private static MicroOp ret(Insn insn) {
        int size = insn.operandSize;
        int release = insn.operands.length > 0 ? (int) insn.imm & 0xFFFF : 0;
        if (insn.mode == 64) {
            return new Ret(release);
        }
        return Cold.ending((core, next) -> {
            long target = core.checkedTarget(core.peek(0, size), size);
            core.drop(size + release);
            core.state.rip = target;
        });
    }

    private static final class Ret extends Branch {
        private final int release;

        Ret(int release) {
            this.release = release;
            stackSegment = true;
        }

        @Override
        public void run(Core core) {
            long[] g = core.gpr;
            long sp = g[4];
            long target = core.checkedTarget(core.mmu.load64(sp), 8);
            g[4] = sp + 8 + release;
            core.state.rip = target;
        }
    }

    private static MicroOp loop(Insn insn) {
        int countSize = insn.addressSize;
        int size = insn.operandSize;
        long displacement = insn.imm;
        var op = insn.op;
        return Cold.ending((core, next) -> {
            long count = core.register(1, countSize) - 1 & Location.mask(countSize);
            CpuState s = core.state;
            boolean again = switch (op) {
                case LOOPE -> count != 0 && s.zf();
                case LOOPNE -> count != 0 && !s.zf();
                default -> count != 0;
            };
            if (again) {
                core.jumpNear(next + displacement, size);
            }
            core.setRegister(1, countSize, count);
        });
    }

    private static MicroOp jumpIfCountZero(Insn insn) {
        int countSize = insn.addressSize;
        int size = insn.operandSize;
        long displacement = insn.imm;
        return Cold.ending((core, next) -> {
            if (core.register(1, countSize) == 0) {
                core.jumpNear(next + displacement, size);
            }
        });
    }
}
