package io.sluice.vmm.cpu.isa;

import io.sluice.vmm.testkit.HostCpu;
import io.sluice.vmm.testkit.MachineState;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.random.RandomGenerator;

/// Draws whole machine states, edges first: values where carries, signs, roundings and classes of numbers change.
final class RandomState {
    private static final int FCW = 0;
    private static final int FSW = 2;
    private static final int FTW = 4;
    private static final int MXCSR = 24;
    private static final int ST = 32;
    private static final int XMM = 160;

    private static final long[] DOUBLES = {
        0,
        Long.MIN_VALUE,
        0x3FF0000000000000L,
        0xBFF0000000000000L,
        0x7FF0000000000000L,
        0xFFF0000000000000L,
        0x7FF8000000000000L,
        0xFFF8000000000123L,
        0x7FF0000000000001L,
        0xFFF4000000000000L,
        1,
        0x000FFFFFFFFFFFFFL,
        0x0010000000000000L,
        0x7FEFFFFFFFFFFFFFL,
        0x3FE0000000000000L,
        0x3FDFFFFFFFFFFFFFL,
        0x41DFFFFFFFC00000L,
        0x41E0000000000000L,
        0xC1E0000000000000L,
        0xC1E0000000200000L,
        0x43E0000000000000L,
        0xC3E0000000000000L,
        0x4330000000000001L,
        0x4008000000000000L,
        0x36A0000000000000L,
        0x47EFFFFFE0000000L,
        0x47EFFFFFF0000000L,
        0x380FFFFFC0000000L,
        0x3FF8000000000000L,
        0xC004000000000000L
    };
    private static final int[] FLOATS = {
        0,
        0x80000000,
        0x3F800000,
        0xBF800000,
        0x7F800000,
        0xFF800000,
        0x7FC00000,
        0xFFC00123,
        0x7F800001,
        0xFFA00000,
        1,
        0x007FFFFF,
        0x00800000,
        0x7F7FFFFF,
        0x3F000000,
        0x3EFFFFFF,
        0x4EFFFFFF,
        0x4F000000,
        0xCF000000,
        0xCF000001,
        0x5F000000,
        0xDF000000,
        0x4B000001,
        0x40400000,
        0x3FC00000,
        0xC0200000
    };

    private final RandomGenerator random;

    RandomState(RandomGenerator random) {
        this.random = random;
    }

    void fill(MachineState state, int mode) {
        for (int i = 0; i < 16; i++) {
            state.gpr[i] = integer();
        }
        state.gpr[4] = HostCpu.WINDOW + 256 + (random.nextInt(64) << 3);
        state.rip = HostCpu.INSTRUCTION;
        state.rflags = 0x202 | random.nextInt() & 0x8D5 | (random.nextInt(4) == 0 ? 0x400 : 0);
        state.fsBase = 0x12340;
        state.gsBase = 0x23450;
        state.vector = MachineState.NO_FAULT;
        fillMemory(state.memory);
        fillFpu(ByteBuffer.wrap(state.fpu).order(ByteOrder.LITTLE_ENDIAN));
        if (mode != 64) {
            for (int i = 0; i < 16; i++) {
                state.gpr[i] = i < 8 ? state.gpr[i] & 0xFFFF_FFFFL : 0;
            }
        }
    }

    /// A general register: an edge or a random value.
    long integer() {
        long value = switch (random.nextInt(8)) {
            case 0 -> 0;
            case 1 -> -1;
            case 2 -> 1L << random.nextInt(64);
            case 3 -> (1L << random.nextInt(64)) - 1;
            case 4 -> random.nextInt(256);
            case 5 -> 0x8080808080808080L >>> random.nextInt(8);
            default -> random.nextLong();
        };
        return random.nextInt(8) == 0 ? -value : value;
    }

    private void fillMemory(byte[] memory) {
        ByteBuffer bytes = ByteBuffer.wrap(memory).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            bytes.putLong(lane());
        }
    }

    /// Eight bytes of a vector: one double, two floats, or integers.
    private long lane() {
        return switch (random.nextInt(6)) {
            case 0 -> DOUBLES[random.nextInt(DOUBLES.length)];
            case 1 -> twoFloats();
            case 2 -> integer();
            case 3 ->
                Double.doubleToRawLongBits((random.nextDouble() - 0.5) * Math.scalb(1.0, random.nextInt(80) - 20));
            case 4 ->
                Integer.toUnsignedLong(Float.floatToRawIntBits((random.nextFloat() - 0.5f) * (1 << random.nextInt(31))))
                        | (long) Float.floatToRawIntBits(random.nextFloat()) << 32;
            default -> random.nextLong();
        };
    }

    private long twoFloats() {
        return Integer.toUnsignedLong(FLOATS[random.nextInt(FLOATS.length)])
                | (long) FLOATS[random.nextInt(FLOATS.length)] << 32;
    }

    /// A whole FXSAVE image that the processor accepts.
    void fillFpu(ByteBuffer fpu) {
        boolean masked = random.nextInt(4) != 0;
        int control = 0x40 | random.nextInt(16) << 8 | (masked ? 0x3F : random.nextInt(64));
        if ((control >> 8 & 3) == 1) {
            control |= 0x300;
        }
        int status =
                random.nextInt(8) << 11 | random.nextInt() & 0x4700 | (random.nextInt(3) == 0 ? random.nextInt(64) : 0);
        if (random.nextInt(8) != 0) {
            status &= ~(~control & 0x3F);
        }
        if ((status & ~control & 0x3F) != 0) {
            status |= 0x8080;
        }
        fpu.putShort(FCW, (short) control).putShort(FSW, (short) status);
        fpu.putShort(FTW, (short) (random.nextInt(3) == 0 ? random.nextInt(256) : 255));
        int sse = random.nextInt(4) << 13 | (random.nextInt(3) == 0 ? 0x8000 : 0) | (random.nextInt(3) == 0 ? 0x40 : 0);
        sse |= masked ? 0x1F80 : random.nextInt(64) << 7;
        sse |= random.nextInt(3) == 0 ? random.nextInt(64) : 0;
        fpu.putInt(MXCSR, sse);
        for (int i = 0; i < 8; i++) {
            putExtended(fpu, ST + 16 * i);
        }
        for (int i = 0; i < 32; i++) {
            fpu.putLong(XMM + 8 * i, lane());
        }
    }

    private void putExtended(ByteBuffer fpu, int at) {
        long significand = random.nextInt(4) == 0 ? integer() | Long.MIN_VALUE : random.nextLong() | Long.MIN_VALUE;
        int exponent = switch (random.nextInt(8)) {
            case 0 -> random.nextInt(0x8000);
            case 1 -> 0x3FFF + random.nextInt(64);
            default -> 0x3FFF - 20 + random.nextInt(40);
        };
        switch (random.nextInt(16)) {
            case 0 -> {
                exponent = 0;
                significand = 0;
            }
            case 1 -> {
                exponent = 0x7FFF;
                significand = Long.MIN_VALUE;
            }
            case 2 -> exponent = 0x7FFF;
            case 3 -> {
                exponent = 0;
                significand = random.nextLong() >>> random.nextInt(64);
            }
            case 4 -> significand &= random.nextLong();
            case 5 -> significand = Long.MIN_VALUE;
            case 6 -> significand = Long.MIN_VALUE | (long) random.nextInt() << 40;
            default -> {}
        }
        fpu.putLong(at, significand).putShort(at + 8, (short) (exponent | random.nextInt(2) << 15));
    }
}
