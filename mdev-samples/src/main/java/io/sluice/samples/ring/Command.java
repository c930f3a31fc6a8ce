package io.sluice.samples.ring;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/// One command, as it was when it was read. It is read once: what is judged is what is done, whatever its client
/// writes over it meanwhile.
///
/// ```
///  0 opcode | 1 flags | 2 tag         4 length
///  8 source key                      12 target key
/// 16 source offset                   24 target offset
/// 32 operand                         40 zeros up to 64
/// ```
final class Command {
    static final int SIZE = 64;
    /// An interrupt when it is done.
    static final int INTERRUPT = 1;
    /// 1 on the first pass through the ring, then 0, and so on.
    static final int PHASE = 1 << 7;

    private static final VarHandle SHORTS =
            MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    final byte[] bytes = new byte[SIZE];

    @Nullable
    Opcode opcode() {
        return Opcode.of(bytes[0] & 0xFF);
    }

    int flags() {
        return bytes[1] & 0xFF;
    }

    boolean phase() {
        return (flags() & PHASE) != 0;
    }

    boolean interrupts() {
        return (flags() & INTERRUPT) != 0;
    }

    short tag() {
        return (short) SHORTS.get(bytes, 2);
    }

    int length() {
        return (int) INTS.get(bytes, 4);
    }

    int sourceKey() {
        return (int) INTS.get(bytes, 8);
    }

    int targetKey() {
        return (int) INTS.get(bytes, 12);
    }

    long source() {
        return (long) LONGS.get(bytes, 16);
    }

    long target() {
        return (long) LONGS.get(bytes, 24);
    }

    /// A byte of the operand.
    byte operand(int index) {
        return bytes[32 + index];
    }

    /// Whether all that means nothing is zero.
    boolean isClean() {
        boolean zeros = (flags() & ~(INTERRUPT | PHASE)) == 0;
        for (int at = 40; at < SIZE; at += 8) {
            zeros &= (long) LONGS.get(bytes, at) == 0;
        }
        return zeros;
    }
}
