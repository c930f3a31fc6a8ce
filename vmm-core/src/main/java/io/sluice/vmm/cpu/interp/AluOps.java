package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Op;
import io.sluice.vmm.cpu.isa.Operand;
import io.sluice.vmm.memory.HostMemory;
import org.jspecify.annotations.Nullable;

/// ADD, OR, ADC, SBB, AND, SUB, XOR, CMP, TEST, INC, DEC, NEG, NOT in all their forms.
final class AluOps {
    private AluOps() {}

    static @Nullable MicroOp create(Insn insn) {
        return switch (insn.op) {
            case ADD, OR, ADC, SBB, AND, SUB, XOR -> binary(insn, true);
            case CMP, TEST -> binary(insn, false);
            case INC, DEC -> step(insn);
            case NEG -> negate(insn);
            case NOT -> not(insn);
            default -> null;
        };
    }

    private static MicroOp binary(Insn insn, boolean writes) {
        var target = insn.operand(0);
        var source = insn.operand(1);
        int size = target.size();
        var alu = Alu.of(insn.op, size);
        boolean toRegister = target.kind() == Operand.Kind.GPR;
        boolean fromRegister = source.kind() == Operand.Kind.GPR;
        if (size >= 4 && toRegister && fromRegister) {
            if (insn.op == Op.XOR && target.number() == source.number()) {
                return new Zero(target.number());
            }
            return size == 8
                    ? new RegReg64(alu, target.number(), source.number(), writes)
                    : new RegReg32(alu, target.number(), source.number(), writes);
        }
        if (size >= 4 && toRegister && source.kind() == Operand.Kind.IMMEDIATE) {
            return size == 8
                    ? new RegImm64(alu, target.number(), insn.imm, writes)
                    : new RegImm32(alu, target.number(), insn.imm, writes);
        }
        if (size >= 4 && toRegister && source.kind() == Operand.Kind.MEMORY) {
            return size == 8
                    ? new RegMem64(alu, target.number(), new Address(insn), writes)
                    : new RegMem32(alu, target.number(), new Address(insn), writes);
        }
        return general(insn, alu, writes);
    }

    private static MicroOp general(Insn insn, Alu alu, boolean writes) {
        var target = Location.of(insn, 0);
        var source = Location.of(insn, insn.operand(1), target.size);
        if (!writes) {
            return new Compare(alu, target, source);
        }
        if (target.isMemory() && !insn.lock && target.size >= 4) {
            return new Modify(alu, new Address(insn), target.size, source);
        }
        return new Update(alu, target, source);
    }

    private static final class Zero extends MicroOp {
        private final int register;

        Zero(int register) {
            this.register = register;
        }

        @Override
        public void run(Core core) {
            core.gpr[register] = 0;
            core.state.lazyResult = 0;
            core.state.lazyAux = 0;
        }
    }

    private static final class RegReg64 extends MicroOp {
        private final Alu alu;
        private final int target;
        private final int source;
        private final boolean writes;

        RegReg64(Alu alu, int target, int source, boolean writes) {
            this.alu = alu;
            this.target = target;
            this.source = source;
            this.writes = writes;
        }

        @Override
        public void run(Core core) {
            long[] g = core.gpr;
            long r = alu.apply(core.state, g[target], g[source]);
            if (writes) {
                g[target] = r;
            }
        }
    }

    private static final class RegReg32 extends MicroOp {
        private final Alu alu;
        private final int target;
        private final int source;
        private final boolean writes;

        RegReg32(Alu alu, int target, int source, boolean writes) {
            this.alu = alu;
            this.target = target;
            this.source = source;
            this.writes = writes;
        }

        @Override
        public void run(Core core) {
            long[] g = core.gpr;
            long r = alu.apply(core.state, g[target], g[source]);
            if (writes) {
                g[target] = r & 0xFFFF_FFFFL;
            }
        }
    }

    private static final class RegImm64 extends MicroOp {
        private final Alu alu;
        private final int target;
        private final long value;
        private final boolean writes;

        RegImm64(Alu alu, int target, long value, boolean writes) {
            this.alu = alu;
            this.target = target;
            this.value = value;
            this.writes = writes;
        }

        @Override
        public void run(Core core) {
            long[] g = core.gpr;
            long r = alu.apply(core.state, g[target], value);
            if (writes) {
                g[target] = r;
            }
        }
    }

    private static final class RegImm32 extends MicroOp {
        private final Alu alu;
        private final int target;
        private final long value;
        private final boolean writes;

        RegImm32(Alu alu, int target, long value, boolean writes) {
            this.alu = alu;
            this.target = target;
            this.value = value;
            this.writes = writes;
        }

        @Override
        public void run(Core core) {
            long[] g = core.gpr;
            long r = alu.apply(core.state, g[target], value);
            if (writes) {
                g[target] = r & 0xFFFF_FFFFL;
            }
        }
    }

    private static final class RegMem64 extends MicroOp {
        private final Alu alu;
        private final int target;
        private final Address address;
        private final boolean writes;

        RegMem64(Alu alu, int target, Address address, boolean writes) {
            this.alu = alu;
            this.target = target;
            this.address = address;
            this.writes = writes;
        }

        @Override
        public void run(Core core) {
            long[] g = core.gpr;
            long r = alu.apply(core.state, g[target], core.mmu.load64(address.linear(core, 8, false)));
            if (writes) {
                g[target] = r;
            }
        }
    }

    private static final class RegMem32 extends MicroOp {
        private final Alu alu;
        private final int target;
        private final Address address;
        private final boolean writes;

        RegMem32(Alu alu, int target, Address address, boolean writes) {
            this.alu = alu;
            this.target = target;
            this.address = address;
            this.writes = writes;
        }

        @Override
        public void run(Core core) {
            long[] g = core.gpr;
            long r = alu.apply(core.state, g[target], core.mmu.load32(address.linear(core, 4, false)));
            if (writes) {
                g[target] = r & 0xFFFF_FFFFL;
            }
        }
    }

    /// CMP and TEST with memory, bytes or words.
    private static final class Compare extends MicroOp {
        private final Alu alu;
        private final Location target;
        private final Location source;

        Compare(Alu alu, Location target, Location source) {
            this.alu = alu;
            this.target = target;
            this.source = source;
        }

        @Override
        public void run(Core core) {
            alu.apply(core.state, target.get(core), source.get(core));
        }
    }

    /// Unlocked read-modify-write of 32 or 64 bits in memory.
    private static final class Modify extends MicroOp implements Location.Update {
        private final Alu alu;
        private final Address address;
        private final int size;
        private final Location source;

        Modify(Alu alu, Address address, int size, Location source) {
            this.alu = alu;
            this.address = address;
            this.size = size;
            this.source = source;
        }

        @Override
        public long apply(Core core, long old) {
            return alu.apply(core.state, old, source.get(core));
        }

        @Override
        public void run(Core core) {
            long at = address.linear(core, size, true);
            long host = core.mmu.hostForAtomic(at, size);
            if (host == 0) {
                Location.Memory.updateAt(core, at, size, false, this);
            } else if (size == 8) {
                HostMemory.putLong(host, alu.apply(core.state, HostMemory.getLong(host), source.get(core)));
            } else {
                HostMemory.putInt(host, (int) alu.apply(core.state, HostMemory.getInt(host), source.get(core)));
            }
        }
    }

    private static final class Update extends MicroOp implements Location.Update {
        private final Alu alu;
        private final Location target;
        private final Location source;

        Update(Alu alu, Location target, Location source) {
            this.alu = alu;
            this.target = target;
            this.source = source;
        }

        @Override
        public long apply(Core core, long old) {
            return alu.apply(core.state, old, source.get(core));
        }

        @Override
        public void run(Core core) {
            if (source.isMemory()) {
                // The load comes first: it may fault, and the target register stays.
                long value = source.get(core);
                target.set(core, alu.apply(core.state, target.get(core), value));
            } else {
                target.update(core, this);
            }
        }
    }

    private static MicroOp step(Insn insn) {
        var target = Location.of(insn, 0);
        int size = target.size;
        var alu = Alu.of(insn.op == Op.INC ? Op.ADD : Op.SUB, size);
        Location.Update update = (core, old) -> {
            long carry = core.state.lazyAux;
            long r = alu.apply(core.state, old, 1);
            Flags.keepCarry(core.state, carry);
            return r;
        };
        return Cold.of(core -> target.update(core, update));
    }

    private static MicroOp negate(Insn insn) {
        var target = Location.of(insn, 0);
        var alu = Alu.of(Op.SUB, target.size);
        Location.Update update = (core, old) -> alu.apply(core.state, 0, old);
        return Cold.of(core -> target.update(core, update));
    }

    private static MicroOp not(Insn insn) {
        var target = Location.of(insn, 0);
        Location.Update update = (core, old) -> ~old;
        return Cold.of(core -> target.update(core, update));
    }
}
