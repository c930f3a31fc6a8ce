package io.sluice.vmm.device.nvme;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// A submission queue entry (NVM Express 1.4 section 4.2), and what is to be told when it ends. Reused.
final class Command {
    static final int BYTES = 64;

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    final byte[] bytes = new byte[BYTES];
    private SubmissionQueue queue = SubmissionQueue.NONE;
    private int result;
    private long moved;

    void begin(SubmissionQueue from) {
        queue = from;
        result = 0;
        moved = 0;
    }

    SubmissionQueue queue() {
        return queue;
    }

    int opcode() {
        return bytes[0] & 0xFF;
    }

    /// Whether it is half of a fused operation.
    boolean isFused() {
        return (bytes[1] & 3) != 0;
    }

    /// Whether its data pointer is one or two PRP entries.
    boolean usesPrps() {
        return (bytes[1] & 0xC0) == 0;
    }

    int id() {
        return dword(0) >>> 16;
    }

    int namespace() {
        return dword(1);
    }

    long prp1() {
        return (long) LONG.get(bytes, 24);
    }

    long prp2() {
        return (long) LONG.get(bytes, 32);
    }

    int dword(int index) {
        return (int) INT.get(bytes, 4 * index);
    }

    /// Doubleword 10 and 11: the first block of an I/O command.
    long startingBlock() {
        return (long) LONG.get(bytes, 40);
    }

    /// Doubleword 0 of the completion.
    int result() {
        return result;
    }

    void answer(int doubleword) {
        result = doubleword;
    }

    /// Bytes of data that it has moved, which is what it cost.
    long moved() {
        return moved;
    }

    void moves(long bytesMoved) {
        moved = bytesMoved;
    }
}
