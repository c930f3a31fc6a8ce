package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Operand;
import org.jspecify.annotations.Nullable;

/// MOV and its kin: extending moves, LEA, CMOVcc, SETcc, conversions, byte swaps.
final class MoveOps {
    private MoveOps() {}

    static @Nullable MicroOp create(Insn insn) {
        if (insn.op.condition() >= 0) {
            return conditional(insn);
        }
        return switch (insn.op) {
            case MOV -> move(insn);
            case MOVZX -> extend(insn, false);
            case MOVSX, MOVSXD -> extend(insn, true);
            case LEA -> new Lea(insn.operand(0).number(), insn.operand(0).size(), new Address(insn));
            case CBW -> widen(insn.operandSize);
            case CWD -> signInto(insn.operandSize);
            case XLAT -> xlat(insn);
            case BSWAP -> byteSwap(insn.operand(0));
            case MOVBE -> moveBigEndian(insn);
            case MOVDIRI, MOVNTI -> copy(Location.of(insn, 0), Location.of(insn, 1));
            default -> null;
        };
    }

    private static @Nullable MicroOp conditional(Insn insn) {
        int condition = insn.op.condition();
        if (insn.op.name().startsWith("SET")) {
            var target = Location.of(insn, 0);
            return Cold.of(core -> target.set(core, Flags.condition(core.state, condition) ? 1 : 0));
        }
        if (insn.op.name().startsWith("CMOV")) {
            var target = Location.of(insn, 0);
            var source = Location.of(insn, 1);
            // The load happens, and a 32-bit target is zero-extended, whatever the condition says.
            return Cold.of(core -> {
                long value = source.get(core);
                target.set(core, Flags.condition(core.state, condition) ? value : target.get(core));
            });
        }
        return null;
    }

    private static @Nullable MicroOp move(Insn insn) {
        var target = insn.operand(0);
        var source = insn.operand(1);
        if (!isPlain(target) || !isPlain(source)) {
            return null;
        }
        int size = target.size();
        if (size < 4) {
            return narrow(insn, target, source, size);
        }
        if (target.kind() == Operand.Kind.GPR) {
            return switch (source.kind()) {
                case GPR ->
                    size == 8
                            ? new RegReg64(target.number(), source.number())
                            : new RegReg32(target.number(), source.number());
                case IMMEDIATE -> new RegImm(target.number(), size == 8 ? insn.imm : insn.imm & 0xFFFF_FFFFL);
                default ->
                    size == 8
                            ? new Load64(target.number(), new Address(insn))
                            : new Load32(target.number(), new Address(insn));
            };
        }
        if (source.kind() == Operand.Kind.GPR) {
            return size == 8
                    ? new Store64(source.number(), new Address(insn))
                    : new Store32(source.number(), new Address(insn));
        }
        return copy(Location.of(insn, 0), Location.of(insn, source, size));
    }

    private static MicroOp narrow(Insn insn, Operand target, Operand source, int size) {
        if (size == 1 && source.kind() == Operand.Kind.GPR && target.kind() == Operand.Kind.MEMORY) {
            return new Store8(source.number(), new Address(insn));
        }
        return copy(Location.of(insn, 0), Location.of(insn, source, size));
    }

    private static boolean isPlain(Operand operand) {
        return switch (operand.kind()) {
            case GPR, GPR_HIGH, MEMORY, OFFSET, IMMEDIATE -> true;
            default -> false;
        };
    }

    private static MicroOp copy(Location target, Location source) {
        return new Copy(target, source);
    }

    private static MicroOp extend(Insn insn, boolean signed) {
        var target = insn.operand(0);
        var source = Location.of(insn, 1);
        if (!signed && target.size() >= 4 && insn.operand(1).kind() == Operand.Kind.MEMORY) {
            return source.size == 1
                    ? new LoadZero8(target.number(), new Address(insn))
                    : new LoadZero16(target.number(), new Address(insn));
        }
        return new Extend(target.number(), target.size(), source, signed);
    }

    private static final class RegReg64 extends MicroOp {
        private final int target;
        private final int source;

        RegReg64(int target, int source) {
            this.target = target;
            this.source = source;
        }

        @Override
        public void run(Core core) {
            core.gpr[target] = core.gpr[source];
        }
    }

    private static final class RegReg32 extends MicroOp {
        private final int target;
        private final int source;

        RegReg32(int target, int source) {
            this.target = target;
            this.source = source;
        }

        @Override
        public void run(Core core) {
            core.gpr[target] = core.gpr[source] & 0xFFFF_FFFFL;
        }
    }

    private static final class RegImm extends MicroOp {
        private final int target;
        private final long value;

        RegImm(int target, long value) {
            this.target = target;
            this.value = value;
        }

        @Override
        public void run(Core core) {
            core.gpr[target] = value;
        }
    }

    private static final class Load64 extends MicroOp {
        private final int target;
        private final Address address;

        Load64(int target, Address address) {
            this.target = target;
            this.address = address;
        }

        @Override
        public void run(Core core) {
            core.gpr[target] = core.mmu.load64(address.linear(core, 8, false));
        }
    }

    private static final class Load32 extends MicroOp {
        private final int target;
        private final Address address;

        Load32(int target, Address address) {
            this.target = target;
            this.address = address;
        }

        @Override
        public void run(Core core) {
            core.gpr[target] = core.mmu.load32(address.linear(core, 4, false)) & 0xFFFF_FFFFL;
        }
    }

    private static final class LoadZero8 extends MicroOp {
        private final int target;
        private final Address address;

        LoadZero8(int target, Address address) {
            this.target = target;
            this.address = address;
        }

        @Override
        public void run(Core core) {
            core.gpr[target] = core.mmu.load8(address.linear(core, 1, false));
        }
    }

    private static final class LoadZero16 extends MicroOp {
        private final int target;
        private final Address address;

        LoadZero16(int target, Address address) {
            this.target = target;
            this.address = address;
        }

        @Override
        public void run(Core core) {
            core.gpr[target] = core.mmu.load16(address.linear(core, 2, false));
        }
    }

    private static final class Store64 extends MicroOp {
        private final int source;
        private final Address address;

        Store64(int source, Address address) {
            this.source = source;
            this.address = address;
        }

        @Override
        public void run(Core core) {
            core.mmu.store64(address.linear(core, 8, true), core.gpr[source]);
        }
    }

    private static final class Store32 extends MicroOp {
        private final int source;
        private final Address address;

        Store32(int source, Address address) {
            this.source = source;
            this.address = address;
        }

        @Override
        public void run(Core core) {
            core.mmu.store32(address.linear(core, 4, true), (int) core.gpr[source]);
        }
    }

    private static final class Store8 extends MicroOp {
        private final int source;
        private final Address address;

        Store8(int source, Address address) {
            this.source = source;
            this.address = address;
        }

        @Override
        public void run(Core core) {
            core.mmu.store8(address.linear(core, 1, true), (int) core.gpr[source]);
        }
    }

    private static final class Copy extends MicroOp {
        private final Location target;
        private final Location source;

        Copy(Location target, Location source) {
            this.target = target;
            this.source = source;
        }

        @Override
        public void run(Core core) {
            target.set(core, source.get(core));
        }
    }

    private static final class Extend extends MicroOp {
        private final int target;
        private final int targetSize;
        private final Location source;
        private final boolean signed;

        Extend(int target, int targetSize, Location source, boolean signed) {
            this.target = target;
            this.targetSize = targetSize;
            this.source = source;
            this.signed = signed;
        }

        @Override
        public void run(Core core) {
            long value = source.get(core);
            core.setRegister(target, targetSize, signed ? Flags.extend(source.size, value) : value);
        }
    }

    private static final class Lea extends MicroOp {
        private final int target;
        private final int size;
        private final Address address;

        Lea(int target, int size, Address address) {
            this.target = target;
            this.size = size;
            this.address = address;
        }

        @Override
        public void run(Core core) {
            long offset = address.offset(core);
            if (size == 8) {
                core.gpr[target] = offset;
            } else {
                core.setRegister(target, size, offset);
            }
        }
    }

    /// CBW, CWDE, CDQE.
    private static MicroOp widen(int size) {
        return Cold.of(core -> core.setRegister(0, size, Flags.extend(size / 2, core.register(0, size / 2))));
    }

    /// CWD, CDQ, CQO.
    private static MicroOp signInto(int size) {
        return Cold.of(core -> core.setRegister(2, size, Flags.extend(size, core.register(0, size)) >> 63));
    }

    private static MicroOp xlat(Insn insn) {
        long mask = Location.mask(insn.addressSize);
        int segment = insn.segment;
        return Cold.of(core -> {
            long offset = core.gpr[3] + (core.gpr[0] & 0xFF) & mask;
            core.setRegister(0, 1, core.load8(segment, offset));
        });
    }

    private static MicroOp byteSwap(Operand operand) {
        int number = operand.number();
        return switch (operand.size()) {
            case 8 -> Cold.of(core -> core.gpr[number] = Long.reverseBytes(core.gpr[number]));
            // The 16-bit form is undefined in the manual; processors of today store zero.
            case 2 -> Cold.of(core -> core.setRegister(number, 2, 0));
            default -> Cold.of(core -> core.gpr[number] = Integer.reverseBytes((int) core.gpr[number]) & 0xFFFF_FFFFL);
        };
    }

    private static MicroOp moveBigEndian(Insn insn) {
        var target = Location.of(insn, 0);
        var source = Location.of(insn, 1);
        int shift = 64 - 8 * target.size;
        return Cold.of(core -> target.set(core, Long.reverseBytes(source.get(core)) >>> shift));
    }
}
