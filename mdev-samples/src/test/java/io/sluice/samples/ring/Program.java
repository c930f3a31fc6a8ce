package io.sluice.samples.ring;

import io.sluice.vfio.vfio.VfioDevice;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// A client's program: all it has is its doorbell page, and its rings in memory.
final class Program {
    /// A completion as its client reads it.
    record Answer(int tag, Status status, int done, int result, int head) {}

    final int client;
    final long commands;
    final int commandEntries;
    final long completions;
    final int completionEntries;
    private final VfioDevice device;
    private final GrantedPages memory;
    private int tail;
    private int seen;
    private boolean phase = true;
    private boolean answerPhase = true;

    Program(
            VfioDevice device,
            GrantedPages memory,
            int client,
            long commands,
            int commandEntries,
            long completions,
            int completionEntries) {
        this.device = device;
        this.memory = memory;
        this.client = client;
        this.commands = commands;
        this.commandEntries = commandEntries;
        this.completions = completions;
        this.completionEntries = completionEntries;
    }

    long doorbell(DoorbellReg register) {
        return device.load(2, page(register), 4) & 0xFFFF_FFFFL;
    }

    void doorbell(DoorbellReg register, long value) {
        device.store(2, page(register), 4, value);
    }

    private long page(DoorbellReg register) {
        return (long) client * DoorbellReg.PAGE + register.spec().offset();
    }

    /// Writes a command and rings for it.
    void submit(Packet packet) {
        write(packet);
        doorbell(DoorbellReg.TAIL, tail);
    }

    /// Writes a command and rings for nothing.
    void write(Packet packet) {
        var bytes = packet.bytes(phase);
        System.arraycopy(bytes, 0, memory.bytes, at(commands) + tail * Command.SIZE, bytes.length);
        tail = (tail + 1) % commandEntries;
        phase ^= tail == 0;
    }

    private static int at(long iova) {
        return (int) (iova - GrantedPages.BASE);
    }

    private ByteBuffer entry() {
        return ByteBuffer.wrap(memory.bytes, at(completions) + seen * 16, 16)
                .slice()
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    boolean hasAnswer() {
        return entry().get(15) == (answerPhase ? 1 : 0);
    }

    /// Takes the next completion, which must be there.
    Answer answer() {
        if (!hasAnswer()) {
            throw new AssertionError("client " + client + " has no completion at " + seen + ", state "
                    + Long.toHexString(doorbell(DoorbellReg.STATE)));
        }
        var entry = entry();
        var answer = new Answer(
                entry.getShort(12), Status.values()[entry.get(14)], entry.getInt(4), entry.getInt(0), entry.getInt(8));
        seen = (seen + 1) % completionEntries;
        answerPhase ^= seen == 0;
        doorbell(DoorbellReg.SEEN, seen);
        return answer;
    }

    int seen() {
        return seen;
    }

    Client.State state() {
        return Client.State.values()[(int) doorbell(DoorbellReg.STATE) & 0xFF];
    }

    StopReason reason() {
        return StopReason.values()[(int) doorbell(DoorbellReg.STATE) >> 8 & 0xFF];
    }
}
