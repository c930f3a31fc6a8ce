package io.sluice.samples.ring;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.concurrent.Executor;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// Does the clients' commands. One turn serves one client and is bounded, then the others have theirs: a turn is all
/// that anybody who wants into the strand ever waits for.
///
/// Before each piece of a command its keys are judged anew, so a key that is taken away stops a command half done.
final class Engine {
    static final int LOG_LONGEST = 24;
    /// Bytes of the longest command.
    static final int LONGEST = 1 << LOG_LONGEST;
    /// Bytes that are moved at a time; a multiple of the 8 of FILL's operand.
    static final int PIECE = 16 << 10;
    /// Commands begun and pieces moved in one turn: about 50 µs, if all are pieces.
    static final int TURN = 16;

    static final int COMPLETION_SIZE = 16;
    private static final int PHASE_AT = COMPLETION_SIZE - 1;
    private static final VarHandle SHORTS =
            MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private final Client[] clients;
    private final KeyTable keys;
    private final RingMemory memory;
    private final ErrorLog log;
    private final Interrupts interrupts;
    private final Executor later;
    private final Runnable turn = this::turn;
    private final byte[] left = new byte[PIECE];
    private final byte[] right = new byte[PIECE];
    private final byte[] completion = new byte[COMPLETION_SIZE];
    private final CRC32C[] sums;
    private int last;
    private boolean running;
    private boolean scheduled;

    /// @param later runs a task inside the strand, after what waits there already
    Engine(Client[] clients, KeyTable keys, RingMemory memory, ErrorLog log, Interrupts interrupts, Executor later) {
        this.clients = clients;
        this.keys = keys;
        this.memory = memory;
        this.log = log;
        this.interrupts = interrupts;
        this.later = later;
        this.sums = new CRC32C[clients.length];
        Arrays.setAll(sums, i -> new CRC32C());
    }

    /// Whether commands are done at all; those in work stay as they are meanwhile.
    void run(boolean on) {
        running = on;
        wake();
    }

    /// There may be something to do. However often it is called, one turn waits in the strand.
    void wake() {
        if (!scheduled && running && next() != null) {
            scheduled = true;
            later.execute(turn);
        }
    }

    private void turn() {
        scheduled = false;
        var client = running ? next() : null;
        if (client == null) {
            return;
        }
        last = client.number;
        for (int units = TURN; units > 0 && client.canWork(); units--) {
            if (client.busy) {
                piece(client);
            } else {
                begin(client);
            }
        }
        wake();
    }

    /// The next client after the last one that can work.
    private @Nullable Client next() {
        for (int i = 1; i <= clients.length; i++) {
            var client = clients[(last + i) % clients.length];
            if (client.canWork()) {
                return client;
            }
        }
        return null;
    }

    void stop(Client client, StopReason reason, long at) {
        client.state = Client.State.STOPPED;
        client.reason = reason;
        client.busy = false;
        log.stopped(client.number, reason, at);
        interrupts.raise(client.number);
    }

    private void begin(Client client) {
        long at = client.commands + (long) client.head * Command.SIZE;
        if (!memory.read(at, client.command.bytes, 0, Command.SIZE)) {
            stop(client, StopReason.COMMAND_RING_FAULT, at);
            return;
        }
        var command = client.command;
        if (command.phase() != client.commandPhase) {
            stop(client, StopReason.STALE_COMMAND, client.head);
            return;
        }
        var opcode = command.opcode();
        if (opcode == null) {
            complete(client, Status.BAD_OPCODE, 0);
        } else if (!command.isClean()) {
            complete(client, Status.BAD_FIELD, 0);
        } else if (opcode.movesNothing()) {
            complete(client, Status.DONE, 0);
        } else if (command.length() <= 0 || command.length() > LONGEST) {
            complete(client, Status.BAD_LENGTH, 0);
        } else {
            client.busy = true;
            sums[client.number].reset();
            // The whole is judged before the first byte moves.
            settle(client, judge(client, opcode, 0, command.length()));
        }
    }

    private void piece(Client client) {
        var opcode = client.command.opcode();
        if (opcode == null) {
            throw new IllegalStateException("a command without opcode is in work");
        }
        int length = Math.min(PIECE, client.command.length() - client.done);
        var verdict = judge(client, opcode, client.done, length);
        settle(client, verdict == Status.DONE ? move(client, opcode, length) : verdict);
    }

    /// Goes on, or ends the command.
    private void settle(Client client, Status status) {
        if (status != Status.DONE) {
            if (status.isProtection()) {
                log.refused(client.number, status, client.head);
            }
            complete(client, status, status == Status.DIFFERENT ? client.done : 0);
        } else if (client.done == client.command.length()) {
            boolean sum = client.command.opcode() == Opcode.CRC;
            complete(client, Status.DONE, sum ? (int) sums[client.number].getValue() : 0);
        }
    }

    /// Whether the client may do this to `length` bytes from `done` on.
    private Status judge(Client client, Opcode opcode, int done, int length) {
        var command = client.command;
        var status = Status.DONE;
        if (opcode.source != 0) {
            status = keys.check(client.number, command.sourceKey(), command.source() + done, length, opcode.source);
        }
        if (opcode.target != 0 && status == Status.DONE) {
            status = keys.check(client.number, command.targetKey(), command.target() + done, length, opcode.target);
        }
        return opcode == Opcode.COPY && status == Status.DONE && overlap(command) ? Status.OVERLAP : status;
    }

    private boolean overlap(Command command) {
        long distance = keys.address(command.sourceKey(), command.source())
                - keys.address(command.targetKey(), command.target());
        return distance < command.length() && distance > -command.length();
    }

    private Status move(Client client, Opcode opcode, int length) {
        var command = client.command;
        // A key that the opcode does not use was not judged, and may be anything.
        long source = opcode.source == 0 ? 0 : keys.address(command.sourceKey(), command.source() + client.done);
        long target = opcode.target == 0 ? 0 : keys.address(command.targetKey(), command.target() + client.done);
        boolean reached = switch (opcode) {
            case COPY -> memory.read(source, left, 0, length) && memory.write(target, left, 0, length);
            case FILL -> memory.write(target, pattern(command, length), 0, length);
            case COMPARE -> memory.read(source, left, 0, length) && memory.read(target, right, 0, length);
            case CRC -> memory.read(source, left, 0, length);
            case NOP, FENCE -> true;
        };
        if (!reached) {
            return Status.FAULT;
        }
        if (opcode == Opcode.COMPARE) {
            int at = Arrays.mismatch(left, 0, length, right, 0, length);
            client.done += at < 0 ? length : at;
            return at < 0 ? Status.DONE : Status.DIFFERENT;
        }
        if (opcode == Opcode.CRC) {
            sums[client.number].update(left, 0, length);
        }
        client.done += length;
        return Status.DONE;
    }

    private byte[] pattern(Command command, int length) {
        for (int i = 0; i < length; i++) {
            left[i] = command.operand(i & 7);
        }
        return left;
    }

    /// The command's last sign of life. The phase is written last and alone: who sees it sees all the rest.
    private void complete(Client client, Status status, int result) {
        boolean wanted = client.command.interrupts() || client.armed;
        int done = client.done;
        client.takeCommand();
        INTS.set(completion, 0, result);
        INTS.set(completion, 4, done);
        INTS.set(completion, 8, client.head);
        SHORTS.set(completion, 12, client.command.tag());
        completion[14] = (byte) status.ordinal();
        completion[PHASE_AT] = (byte) (client.completionPhase ? 1 : 0);
        long at = client.completions + (long) client.posted * COMPLETION_SIZE;
        boolean written = memory.write(at, completion, 0, PHASE_AT);
        VarHandle.releaseFence();
        if (!written || !memory.write(at + PHASE_AT, completion, PHASE_AT, 1)) {
            stop(client, StopReason.COMPLETION_RING_FAULT, at);
            return;
        }
        client.postedOne();
        if (wanted) {
            client.armed = false;
            interrupts.raise(client.number);
        }
    }
}
