package io.sluice.samples.ring;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// A command as a client writes it, all but the phase.
record Packet(int opcode, int flags, int tag, int length, int from, int to, long fromAt, long toAt, long operand) {
    static Packet nop(int tag) {
        return new Packet(Opcode.NOP.ordinal(), 0, tag, 0, 0, 0, 0, 0, 0);
    }

    static Packet copy(int length, int from, long fromAt, int to, long toAt) {
        return new Packet(Opcode.COPY.ordinal(), 0, 7, length, from, to, fromAt, toAt, 0);
    }

    static Packet fill(int length, int to, long toAt, long operand) {
        return new Packet(Opcode.FILL.ordinal(), 0, 8, length, -1, to, -1, toAt, operand);
    }

    static Packet compare(int length, int from, long fromAt, int to, long toAt) {
        return new Packet(Opcode.COMPARE.ordinal(), 0, 9, length, from, to, fromAt, toAt, 0);
    }

    static Packet crc(int length, int from, long fromAt) {
        return new Packet(Opcode.CRC.ordinal(), 0, 10, length, from, -1, fromAt, -1, 0);
    }

    Packet withFlags(int newFlags) {
        return new Packet(opcode, newFlags, tag, length, from, to, fromAt, toAt, operand);
    }

    Packet withOpcode(int newOpcode) {
        return new Packet(newOpcode, flags, tag, length, from, to, fromAt, toAt, operand);
    }

    byte[] bytes(boolean phase) {
        return ByteBuffer.allocate(Command.SIZE)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) opcode)
                .put((byte) (flags | (phase ? Command.PHASE : 0)))
                .putShort((short) tag)
                .putInt(length)
                .putInt(from)
                .putInt(to)
                .putLong(fromAt)
                .putLong(toAt)
                .putLong(operand)
                .array();
    }
}
