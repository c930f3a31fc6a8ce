package io.sluice.vmm.gdb;

import java.util.Arrays;
import java.util.Queue;

/// Finds packets in a stream of bytes: `$payload#checksum`, with `}` before an escaped byte and `*` before a run
/// length.
/// Bytes between packets that mean nothing are skipped. A packet that grows too long is read to its end and dropped.
final class PacketReader {
    /// Bytes that the payload of a packet may have, before and after escapes and run lengths are undone.
    static final int MOST = 0x4000;

    private static final int INTERRUPT = 3;
    private static final int ESCAPED = 0x20;
    /// A run length is a printable character that stands this far above the number of further copies.
    private static final int RUN_BASE = 29;

    private static final int FIRST_PRINTABLE = 32;
    private static final int LAST_PRINTABLE = 126;

    private enum State {
        BETWEEN,
        PAYLOAD,
        ESCAPE,
        RUN,
        CHECKSUM_HIGH,
        CHECKSUM_LOW
    }

    private final byte[] payload = new byte[MOST];
    private State state = State.BETWEEN;
    private int length;
    private int raw;
    private boolean broken;
    private int sum;
    private int announced;

    /// Takes `bytes` and adds what they complete to `events`, at most one for each byte.
    void take(byte[] bytes, Queue<PacketEvent> events) {
        for (byte octet : bytes) {
            take(octet & 0xFF, events);
        }
    }

    private void take(int c, Queue<PacketEvent> events) {
        switch (state) {
            case BETWEEN -> between(c, events);
            case PAYLOAD -> inPayload(c);
            case ESCAPE -> {
                add(c);
                append(c ^ ESCAPED, 1);
                state = State.PAYLOAD;
            }
            case RUN -> {
                add(c);
                repeat(c);
                state = State.PAYLOAD;
            }
            case CHECKSUM_HIGH -> {
                announced = Character.digit(c, 16) << 4;
                state = State.CHECKSUM_LOW;
            }
            case CHECKSUM_LOW -> {
                announced |= Character.digit(c, 16);
                state = State.BETWEEN;
                events.add(finished());
            }
        }
    }

    private void between(int c, Queue<PacketEvent> events) {
        switch (c) {
            case '$' -> start();
            case INTERRUPT -> events.add(new PacketEvent.Interrupt());
            case '-' -> events.add(new PacketEvent.Refused());
            default -> {}
        }
    }

    private void start() {
        state = State.PAYLOAD;
        length = 0;
        raw = 0;
        broken = false;
        sum = 0;
    }

    private void inPayload(int c) {
        switch (c) {
            case '#' -> state = State.CHECKSUM_HIGH;
            // The end of the last one was lost.
            case '$' -> start();
            default -> {
                add(c);
                if (c == '}') {
                    state = State.ESCAPE;
                } else if (c == '*') {
                    state = State.RUN;
                } else {
                    append(c, 1);
                }
            }
        }
    }

    /// The checksum is over what is on the line.
    private void add(int c) {
        sum += c;
        raw = Math.min(raw + 1, MOST + 1);
    }

    private void append(int c, int copies) {
        if (length + copies > MOST) {
            raw = MOST + 1;
            return;
        }
        Arrays.fill(payload, length, length + copies, (byte) c);
        length += copies;
    }

    private void repeat(int c) {
        if (length == 0 || c < FIRST_PRINTABLE || c > LAST_PRINTABLE) {
            broken = true;
        } else {
            append(payload[length - 1], c - RUN_BASE);
        }
    }

    private PacketEvent finished() {
        if (broken || announced != (sum & 0xFF)) {
            return new PacketEvent.Damaged();
        }
        return raw > MOST ? new PacketEvent.TooLong() : new PacketEvent.Packet(Arrays.copyOf(payload, length));
    }
}
