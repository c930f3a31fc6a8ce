package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Operand;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.GuestFault;
import org.jspecify.annotations.Nullable;

/// PUSH, POP, PUSHA, POPA, PUSHF, POPF, ENTER, LEAVE.
final class StackOps {
    private StackOps() {}

    static @Nullable MicroOp create(Insn insn) {
        return switch (insn.op) {
            case PUSH -> push(insn);
            case POP -> pop(insn);
            case PUSHA -> pushAll(insn.operandSize);
            case POPA -> popAll(insn.operandSize);
            case PUSHF -> pushFlags(insn.operandSize);
            case POPF -> popFlags(insn.operandSize);
            case ENTER -> enter(insn);
            case LEAVE -> leave(insn.operandSize);
            default -> null;
        };
    }

    private static MicroOp push(Insn insn) {
        var source = insn.operand(0);
        int size = insn.operandSize;
        if (source.kind() == Operand.Kind.SEGMENT) {
            int number = source.number();
            return Cold.of(core -> pushSelector(core, size, core.state.segments[number].selector));
        }
        if (size == 8 && source.kind() == Operand.Kind.GPR) {
            return new Push64(source.number());
        }
        if (source.kind() == Operand.Kind.IMMEDIATE) {
            long value = insn.imm;
            return Cold.of(core -> core.push(size, value));
        }
        var from = Location.of(insn, source, size);
        return Cold.of(core -> core.push(size, from.get(core)));
    }

    /// A 32-bit push of a selector writes 16 bits only.
    private static void pushSelector(Core core, int size, int selector) {
        if (size == 4) {
            long sp = core.wrapStack(core.stackPointer() - 4);
            core.store(Insn.SS, sp, 2, selector);
            core.setStackPointer(sp);
        } else {
            core.push(size, selector);
        }
    }

    private static final class Push64 extends MicroOp {
        private final int register;

        Push64(int register) {
            this.register = register;
            stackSegment = true;
        }

        @Override
        public void run(Core core) {
            long[] g = core.gpr;
            long sp = g[4] - 8;
            core.mmu.store64(sp, g[register]);
            g[4] = sp;
        }
    }

    private static final class Pop64 extends MicroOp {
        private final int register;

        Pop64(int register) {
            this.register = register;
            stackSegment = true;
        }

        @Override
        public void run(Core core) {
            long[] g = core.gpr;
            long sp = g[4];
            long value = core.mmu.load64(sp);
            g[4] = sp + 8;
            g[register] = value;
        }
    }

    private static MicroOp pop(Insn insn) {
        var target = insn.operand(0);
        int size = insn.operandSize;
        return switch (target.kind()) {
            case SEGMENT -> popSegment(target.number(), size);
            case GPR -> {
                int number = target.number();
                yield size == 8 ? new Pop64(number) : Cold.of(core -> core.setRegister(number, size, core.pop(size)));
            }
            default -> popMemory(insn, size);
        };
    }

    /// An address that uses RSP sees it after the increment.
    private static MicroOp popMemory(Insn insn, int size) {
        var target = new Location.Memory(insn, size, false);
        return Cold.of(core -> {
            long before = core.gpr[4];
            long value = core.pop(size);
            boolean done = false;
            try {
                target.set(core, value);
                done = true;
            } finally {
                if (!done) {
                    core.gpr[4] = before;
                }
            }
        });
    }

    private static MicroOp popSegment(int number, int size) {
        Cold.Ending body = (core, next) -> {
            // Only 16 bits are read when the operand is wider.
            int selector = (int) core.peek(0, size == 2 ? 2 : size) & 0xFFFF;
            int bytes = size;
            int stack = core.stackSize;
            Descriptors.load(core, number, selector);
            core.setRegister(4, stack, core.gpr[4] + bytes);
            if (number == Insn.SS) {
                core.castShadow(true);
            }
        };
        return Cold.ending(body);
    }

    private static MicroOp pushAll(int size) {
        return Cold.of(core -> {
            long sp = core.stackPointer();
            core.checkStore(Insn.SS, core.wrapStack(sp - 8L * size), size);
            core.checkStore(Insn.SS, core.wrapStack(sp - size), size);
            long original = core.gpr[4];
            for (int i = 0; i < 8; i++) {
                long value = i == 4 ? original : core.gpr[i];
                core.store(Insn.SS, core.wrapStack(sp - (i + 1L) * size), size, value);
            }
            core.setStackPointer(core.wrapStack(sp - 8L * size));
        });
    }

    private static MicroOp popAll(int size) {
        return Cold.of(core -> {
            core.checkLoad(Insn.SS, core.wrapStack(core.stackPointer()), size);
            core.checkLoad(Insn.SS, core.wrapStack(core.stackPointer() + 7L * size), size);
            var values = new long[8];
            for (int i = 0; i < 8; i++) {
                values[i] = core.peek((7 - i) * size, size);
            }
            for (int i = 0; i < 8; i++) {
                if (i != 4) {
                    core.setRegister(i, size, values[i]);
                }
            }
            core.drop(8L * size);
        });
    }

    private static void checkVirtualIopl(Core core) {
        if (core.state.inVirtual8086Mode() && core.state.iopl() < 3) {
            throw GuestFault.gp0();
        }
    }

    private static MicroOp pushFlags(int size) {
        return Cold.of(core -> {
            checkVirtualIopl(core);
            core.push(size, core.state.flags() & ~(CpuState.VM | CpuState.RF));
        });
    }

    private static MicroOp popFlags(int size) {
        return Cold.ending((core, next) -> {
            checkVirtualIopl(core);
            var s = core.state;
            int value = (int) core.peek(0, size);
            int mask = FarTransfer.writableFlags(s, size);
            if (s.inVirtual8086Mode()) {
                mask = mask & ~CpuState.IOPL | CpuState.IF;
            }
            core.drop(size);
            s.setFlags(s.flags() & ~(mask | CpuState.RF) | value & mask);
            core.flagsChanged();
        });
    }

    private static MicroOp enter(Insn insn) {
        int size = insn.operandSize;
        int bytes = (int) insn.imm & 0xFFFF;
        int level = (int) insn.imm2 & 0x1F;
        return Cold.of(core -> {
            long sp = core.stackPointer();
            long bp = core.register(5, core.stackSize);
            long frame = core.wrapStack(sp - size);
            // Everything is checked first: the frame is written whole or not at all.
            core.checkStore(Insn.SS, core.wrapStack(sp - (long) size * (level + 1)), size);
            core.checkStore(Insn.SS, core.wrapStack(sp - (long) size * (level + 1) - bytes), 1);
            core.store(Insn.SS, frame, size, core.register(5, size));
            long at = frame;
            for (int i = 1; i < level; i++) {
                long display = core.load(Insn.SS, core.wrapStack(bp - (long) i * size), size);
                at = core.wrapStack(at - size);
                core.store(Insn.SS, at, size, display);
            }
            if (level > 0) {
                at = core.wrapStack(at - size);
                core.store(Insn.SS, at, size, frame);
            }
            core.setRegister(5, size, frame);
            core.setStackPointer(core.wrapStack(at - bytes));
        });
    }

    private static MicroOp leave(int size) {
        return Cold.of(core -> {
            long frame = core.register(5, core.stackSize);
            long value = core.load(Insn.SS, frame, size);
            core.setStackPointer(core.wrapStack(frame + size));
            core.setRegister(5, size, value);
        });
    }
}
