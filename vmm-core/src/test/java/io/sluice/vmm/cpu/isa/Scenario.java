package io.sluice.vmm.cpu.isa;

import io.sluice.vmm.testkit.HostCpu;
import io.sluice.vmm.testkit.MachineState;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.random.RandomGenerator;

/// One instruction and a state to run it from, in which its memory operand mostly lies in the window and its other
/// operands are where something interesting happens.
final class Scenario {
    private static final int RAX = 0;
    private static final int RCX = 1;
    private static final int RDX = 2;
    private static final int RBX = 3;
    private static final int RSP = 4;
    private static final int RBP = 5;
    private static final int RSI = 6;
    private static final int RDI = 7;

    private final RandomGenerator random;
    private final Encodings encodings;
    private final RandomState states;

    final Insn insn = new Insn();
    byte[] code = {};
    final MachineState before = new MachineState();

    Scenario(RandomGenerator random) {
        this.random = random;
        this.encodings = new Encodings(random);
        this.states = new RandomState(random);
    }

    /// Draws a case of `row`; draws again what would hit the harness itself.
    void draw(Row row, int mode) {
        do {
            drawOnce(row, mode);
        } while (hasMemory() && HostCpu.isPrivate(Addresses.memoryOperand(insn, before)));
    }

    private void drawOnce(Row row, int mode) {
        do {
            code = encodings.encode(row, mode, insn);
        } while (!isSane(mode));
        states.fill(before, mode);
        prepareImplied(mode);
        if (random.nextInt(16) != 0) {
            aim(mode);
        }
        prepareOperation(mode);
        if (mode != 64) {
            for (int i = 0; i < 8; i++) {
                before.gpr[i] &= 0xFFFF_FFFFL;
            }
        }
    }

    /// A branch must not land inside itself, where bytes would be read as another instruction.
    private boolean isSane(int mode) {
        if (insn.operands.length > 0 && insn.operands[0].kind() == Operand.Kind.RELATIVE) {
            long target = insn.imm + insn.length;
            boolean narrow = has66() && mode == 64;
            return !narrow && (target < 0 || target >= insn.length);
        }
        return true;
    }

    private boolean has66() {
        for (byte b : code) {
            if (b == 0x66) {
                return true;
            }
        }
        return false;
    }

    private boolean hasMemory() {
        for (Operand operand : insn.operands) {
            if (operand.kind() == Operand.Kind.MEMORY || operand.kind() == Operand.Kind.OFFSET) {
                return true;
            }
        }
        return false;
    }

    private int memorySize() {
        return switch (insn.op) {
            case XSAVE, XSAVEC, XSAVEOPT, XRSTOR, XSAVES, XRSTORS -> 576;
            default -> {
                int size = 0;
                for (Operand operand : insn.operands) {
                    boolean memory = operand.kind() == Operand.Kind.MEMORY || operand.kind() == Operand.Kind.OFFSET;
                    size = Math.max(size, memory ? operand.size() : 0);
                }
                yield Math.max(size, 1);
            }
        };
    }

    private boolean isState() {
        return switch (insn.op) {
            case XSAVE, XSAVEC, XSAVEOPT, XRSTOR, XSAVES, XRSTORS, FXSAVE, FXRSTOR -> true;
            default -> false;
        };
    }

    /// An address in the window, aligned mostly, now and then over its end.
    private long target() {
        int size = memorySize();
        int align = isState() ? 64 : 16;
        long offset = (long) random.nextInt((HostCpu.WINDOW_SIZE - size) / align + 1) * align;
        if (random.nextInt(5) == 0) {
            offset += random.nextInt(align);
        }
        if (random.nextInt(24) == 0) {
            offset = (long) HostCpu.WINDOW_SIZE - random.nextInt(size + 1);
        }
        return HostCpu.WINDOW + offset;
    }

    private long inWindow() {
        return HostCpu.WINDOW + 256 + (random.nextInt(64) << 3) + (random.nextInt(4) == 0 ? random.nextInt(8) : 0);
    }

    /// Registers that the instruction uses without naming them.
    private void prepareImplied(int mode) {
        switch (insn.op) {
            case MOVS, CMPS, STOS, LODS, SCAS, INS, OUTS -> {
                before.gpr[RSI] = inWindow() - segmentBase(insn.segment);
                before.gpr[RDI] = inWindow();
                if (random.nextInt(4) != 0) {
                    before.gpr[RCX] = random.nextInt(40);
                }
                if (insn.addressSize == 4 && mode == 64 && random.nextInt(2) == 0) {
                    before.gpr[RSI] |= random.nextLong() << 32;
                    before.gpr[RDI] |= random.nextLong() << 32;
                    before.gpr[RCX] |= random.nextLong() << 32;
                }
            }
            case MASKMOVQ, MASKMOVDQU -> before.gpr[RDI] = inWindow() - segmentBase(insn.segment);
            case XLAT -> before.gpr[RBX] = inWindow() - segmentBase(insn.segment);
            case ENTER -> {
                before.gpr[RBP] = inWindow();
                if (random.nextInt(4) != 0) {
                    code[code.length - 3] = (byte) random.nextInt(64);
                    code[code.length - 2] = 0;
                    code[code.length - 1] = (byte) (random.nextInt(5) | random.nextInt(8) << 5);
                    new Decoder().decode(code, 0, code.length, mode, insn);
                }
            }
            case LEAVE -> before.gpr[RBP] = inWindow();
            case LOOP, LOOPE, LOOPNE, JCXZ -> {
                if (random.nextBoolean()) {
                    before.gpr[RCX] = random.nextInt(2) | (random.nextBoolean() ? random.nextLong() << 32 : 0);
                }
            }
            case XSAVE, XSAVEC, XSAVEOPT, XRSTOR, XSAVES, XRSTORS -> {
                before.gpr[RAX] = before.gpr[RAX] & ~0xFFL | random.nextInt(4);
                before.gpr[RDX] = 0;
            }
            default -> {}
        }
    }

    private long segmentBase(int segment) {
        return Addresses.segmentBase(segment, before);
    }

    /// Chooses base and index, or the displacement, so that the operand is at [#target].
    private void aim(int mode) {
        if (!hasMemory() || insn.addressSize == 2) {
            return;
        }
        long wanted = target() - segmentBase(insn.segment);
        if (insn.base < 0 && insn.index < 0) {
            patchDisplacement(wanted, mode);
            return;
        }
        long rest = wanted - insn.displacement;
        long junk = insn.addressSize == 4 && mode == 64 && random.nextBoolean() ? random.nextLong() << 32 : 0;
        if (insn.base < 0) {
            before.gpr[insn.index] = (rest >> insn.scale) + junk;
        } else if (insn.index < 0) {
            before.gpr[insn.base] = rest + junk;
        } else if (insn.base == insn.index) {
            before.gpr[insn.base] = rest / (1 + (1L << insn.scale));
        } else {
            before.gpr[insn.base] = rest - (before.gpr[insn.index] << insn.scale) + junk;
        }
    }

    private void patchDisplacement(long wanted, int mode) {
        ByteBuffer bytes = ByteBuffer.wrap(code).order(ByteOrder.LITTLE_ENDIAN);
        for (Operand operand : insn.operands) {
            if (operand.kind() == Operand.Kind.OFFSET) {
                int at = code.length - insn.addressSize;
                if (insn.addressSize == 8) {
                    bytes.putLong(at, wanted);
                } else {
                    bytes.putInt(at, (int) wanted);
                }
            } else if (operand.kind() == Operand.Kind.MEMORY && encodings.displacementAt() >= 0) {
                long from = insn.ripRelative ? HostCpu.INSTRUCTION + code.length : 0;
                bytes.putInt(encodings.displacementAt(), (int) (wanted - from));
            }
        }
        new Decoder().decode(code, 0, code.length, mode, insn);
    }

    /// The value of an operand in the state, by its place; for memory its address in the window or -1.
    private int windowOffset() {
        long offset = Addresses.memoryOperand(insn, before) - HostCpu.WINDOW;
        return offset >= 0 && offset <= HostCpu.WINDOW_SIZE - memorySize() ? (int) offset : -1;
    }

    private ByteBuffer memory() {
        return ByteBuffer.wrap(before.memory).order(ByteOrder.LITTLE_ENDIAN);
    }

    private long codeAddress() {
        return random.nextInt(8) == 0
                ? states.integer() >>> 17 | 0x8000_0000L
                : HostCpu.CODE + 64 + random.nextInt(HostCpu.CODE_SIZE / 2 - 128);
    }

    private void prepareOperation(int mode) {
        switch (insn.op) {
            case BT, BTS, BTR, BTC -> limitBitOffset();
            case CMPXCHG -> {
                if (random.nextBoolean()) {
                    before.gpr[RAX] = operandValue(insn.operands[0]);
                }
            }
            case CMPXCHG8B -> equalise(4);
            case CMPXCHG16B -> equalise(8);
            case DIV, IDIV -> shortenDividend();
            case JMP, CALL -> prepareTarget();
            case RET -> {
                int offset = (int) (before.gpr[RSP] - HostCpu.WINDOW);
                if (offset >= 0 && offset < HostCpu.WINDOW_SIZE - 8) {
                    memory().putLong(offset, codeAddress());
                }
            }
            case RET_FAR -> {
                if (insn.operands.length > 0) {
                    code[code.length - 1] = 0;
                    new Decoder().decode(code, 0, code.length, mode, insn);
                }
                putFrame(codeAddress(), codeSelector());
            }
            case IRET -> {
                long flags = random.nextInt() & ~0x6_0100;
                putFrame(codeAddress(), codeSelector(), flags, inWindow(), random.nextInt(4) == 0 ? selector() : 0x2B);
            }
            case CALL_FAR, JMP_FAR -> prepareFarTarget(mode);
            case FXRSTOR -> putFpuImage(false);
            case XRSTOR -> putFpuImage(true);
            case LDMXCSR -> {
                if (random.nextInt(8) != 0 && windowOffset() >= 0) {
                    memory().putInt(windowOffset(), random.nextInt(0x10000));
                }
            }
            case WRFSBASE, WRGSBASE -> before.gpr[insn.operands[0].number()] >>= random.nextInt(40);
            case POPF -> {
                int offset = (int) (before.gpr[RSP] - HostCpu.WINDOW);
                if (offset >= 0 && offset < HostCpu.WINDOW_SIZE - 8) {
                    memory().putInt(offset, random.nextInt() & ~0x4_0100);
                }
            }
            case MOV, POP, LDS, LES, LSS, LFS, LGS, LAR, LSL, VERR, VERW -> prepareSelector();
            default -> {}
        }
    }

    private long operandValue(Operand operand) {
        return switch (operand.kind()) {
            case GPR -> before.gpr[operand.number()];
            case GPR_HIGH -> before.gpr[operand.number()] >>> 8;
            default ->
                windowOffset() >= 0 && windowOffset() <= HostCpu.WINDOW_SIZE - 8 ? memory().getLong(windowOffset()) : 0;
        };
    }

    private void limitBitOffset() {
        Operand bit = insn.operands[1];
        if (bit.kind() == Operand.Kind.GPR
                && bit.number() != insn.base
                && bit.number() != insn.index
                && random.nextInt(8) != 0) {
            before.gpr[bit.number()] = random.nextInt(2048) - 1024L;
        }
    }

    /// The expected value of CMPXCHG8B and CMPXCHG16B, half of the time.
    private void equalise(int half) {
        boolean addressed = insn.base == RAX || insn.index == RAX || insn.base == RDX || insn.index == RDX;
        if (random.nextBoolean() && windowOffset() >= 0 && !addressed) {
            before.gpr[RAX] = half == 4 ? memory().getInt(windowOffset()) : memory().getLong(windowOffset());
            before.gpr[RDX] = half == 4 ? memory().getInt(windowOffset() + 4) : memory().getLong(windowOffset() + 8);
        }
    }

    private void shortenDividend() {
        if (insn.base == RDX || insn.index == RDX || random.nextInt(4) == 0) {
            return;
        }
        if (insn.operandSize == 1) {
            before.gpr[RAX] &= ~0xFF00L;
        } else {
            before.gpr[RDX] = random.nextBoolean() ? 0 : before.gpr[RAX] >> 63;
        }
    }

    private void prepareTarget() {
        Operand target = insn.operands[0];
        if (target.kind() == Operand.Kind.GPR) {
            before.gpr[target.number()] = codeAddress();
        } else if (target.kind() == Operand.Kind.MEMORY && windowOffset() >= 0 && windowOffset() <= 1016) {
            memory().putLong(windowOffset(), codeAddress());
        }
    }

    private void putFpuImage(boolean extended) {
        int at = windowOffset();
        if (at < 0) {
            return;
        }
        byte[] image = new byte[512];
        states.fillFpu(ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN));
        System.arraycopy(image, 0, before.memory, at, 512);
        if (extended) {
            byte[] header = new byte[64];
            System.arraycopy(header, 0, before.memory, at + 512, 64);
            memory().putLong(at + 512, random.nextInt(4));
            if (random.nextInt(4) == 0) {
                memory().putLong(at + 520, Long.MIN_VALUE | 3);
            } else if (random.nextInt(8) == 0) {
                // Not the bits of components that the host has.
                int bad = random.nextBoolean() ? 2 + random.nextInt(6) : 16 + random.nextInt(48);
                before.memory[at + 512 + bad] ^= (byte) (1 << random.nextInt(8));
            }
        }
    }

    /// Selectors whose descriptors every Linux has alike: none, null, user data; the others lie beyond the tables.
    private int selector() {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextInt(4);
            case 1 -> 0x2B;
            case 2 -> random.nextInt(0x10000) | 4;
            default -> random.nextInt(0x10000) & ~4 | 0x80;
        };
    }

    private int codeSelector() {
        return switch (random.nextInt(8)) {
            case 0 -> selector();
            case 1 -> 0x30;
            case 2, 3 -> 0x23;
            default -> 0x33;
        };
    }

    /// Values in units of the operand size at the stack pointer.
    private void putFrame(long... values) {
        int offset = (int) (before.gpr[RSP] - HostCpu.WINDOW);
        for (long value : values) {
            putSized(offset, value, insn.operandSize);
            offset += insn.operandSize;
        }
    }

    private void putSized(int offset, long value, int size) {
        if (offset < 0 || offset > HostCpu.WINDOW_SIZE - size) {
            return;
        }
        switch (size) {
            case 2 -> memory().putShort(offset, (short) value);
            case 4 -> memory().putInt(offset, (int) value);
            default -> memory().putLong(offset, value);
        }
    }

    private void prepareFarTarget(int mode) {
        int size = insn.operandSize;
        if (insn.operands[0].kind() == Operand.Kind.MEMORY) {
            if (windowOffset() >= 0) {
                putSized(windowOffset(), codeAddress(), size);
                putSized(windowOffset() + size, codeSelector(), 2);
            }
            return;
        }
        ByteBuffer bytes = ByteBuffer.wrap(code).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putShort(code.length - 2, (short) codeSelector());
        if (size == 4) {
            bytes.putInt(code.length - 6, (int) codeAddress());
        }
        new Decoder().decode(code, 0, code.length, mode, insn);
    }

    private void prepareSelector() {
        switch (insn.op) {
            case MOV -> {
                if (insn.operands[0].kind() == Operand.Kind.SEGMENT) {
                    putSelector(insn.operands[1], 0);
                }
            }
            case POP -> {
                int offset = (int) (before.gpr[RSP] - HostCpu.WINDOW);
                if (insn.operands[0].kind() == Operand.Kind.SEGMENT
                        && offset >= 0
                        && offset < HostCpu.WINDOW_SIZE - 8) {
                    memory().putShort(offset, (short) selector());
                }
            }
            case LAR, LSL -> putNoDescriptor(insn.operands[1]);
            case VERR, VERW -> putNoDescriptor(insn.operands[0]);
            default -> putSelector(insn.operands[1], insn.operandSize);
        }
    }

    private void putSelector(Operand operand, int offset) {
        put16(operand, offset, selector());
    }

    private void putNoDescriptor(Operand operand) {
        int selector = random.nextBoolean() ? random.nextInt(4) : random.nextInt(0x10000) & ~4 | 0x80;
        put16(operand, 0, random.nextBoolean() ? selector : selector | 4);
    }

    private void put16(Operand operand, int offset, int value) {
        if (operand.kind() == Operand.Kind.GPR) {
            if (operand.number() != RSP) {
                before.gpr[operand.number()] = before.gpr[operand.number()] & ~0xFFFFL | value;
            }
        } else if (windowOffset() >= 0) {
            memory().putShort(windowOffset() + offset, (short) value);
        }
    }
}
