package io.sluice.vmm.qmp;

import io.sluice.vmm.qapi.ErrorClass;
import io.sluice.vmm.qapi.QapiDecoder;
import io.sluice.vmm.qapi.QmpException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;

/// One client: reads its stream, carries its commands out in order, sends it replies and events. Runs on the loop.
///
/// A command that may run on the loop and has none before it runs at once. Others wait in a queue; when that is full,
/// or
/// the client does not read what it is sent, nothing more is read from it.
final class Session implements Wire.Listener {
    /// Commands that wait behind the ones which run.
    static final int QUEUE_LIMIT = 8;

    /// Events that wait for a client which does not read; one that lets more pile up is disconnected.
    static final int MAX_HELD_EVENT_BYTES = 1 << 20;

    private static final int SEND_AT = 64 << 10;
    private static final byte[] NOTHING = {};

    private final Hub hub;
    private final QmpEndpoint endpoint;
    private final Wire wire;
    private final JsonStream stream;
    private final JsonWriter out;
    private final ArrayDeque<Request> queue = new ArrayDeque<>();

    private boolean negotiated;
    private boolean outOfBand;
    private byte[] unread = NOTHING;
    private int heldEventBytes;
    private boolean parsing;
    private boolean touched;

    /// Commands of this session are with the machine's thread.
    private boolean running;

    private volatile boolean ended;

    Session(Hub hub, QmpEndpoint endpoint, Wire wire) {
        this.hub = hub;
        this.endpoint = endpoint;
        this.wire = wire;
        stream = new JsonStream(hub.budget());
        out = new JsonWriter(endpoint.pretty());
    }

    QmpEndpoint endpoint() {
        return endpoint;
    }

    Wire wire() {
        return wire;
    }

    boolean takesEvents() {
        return negotiated && !ended;
    }

    /// Whether this is the first time since the last [#flush].
    boolean touch() {
        boolean first = !touched;
        touched = true;
        return first;
    }

    /// Says who we are.
    void greet() {
        out.open().name("QMP").open();
        out.member("version", Protocol.VERSION).member("capabilities", List.of(Protocol.Capability.OOB));
        out.close().close().end();
        flush();
    }

    // ---- from the client

    @Override
    public void received(byte[] bytes, int length) {
        if (ended) {
            return;
        }
        if (hub.events().traces()) {
            hub.events().message(endpoint, true, new String(bytes, 0, length, StandardCharsets.ISO_8859_1));
        }
        if (unread.length > 0 || parsing) {
            int before = unread.length;
            unread = Arrays.copyOf(unread, before + length);
            System.arraycopy(bytes, 0, unread, before, length);
        } else {
            parse(bytes, length);
        }
        readOrNot();
        hub.flush();
    }

    private void parse(byte[] in, int length) {
        int at = 0;
        parsing = true;
        while (at < length && !isStalled()) {
            at = stream.read(in, at, length);
            var message = stream.take();
            if (message != null) {
                accept(Request.of(message, hub.table(), negotiated, outOfBand));
                sendIfMuch();
            }
        }
        parsing = false;
        unread = at == length ? NOTHING : Arrays.copyOfRange(in, at, length);
    }

    private boolean isStalled() {
        return ended || queue.size() >= QUEUE_LIMIT || wire.isFull();
    }

    private void readOrNot() {
        if (!ended) {
            wire.read(unread.length == 0 && !isStalled());
        }
    }

    private void accept(Request request) {
        if (request.outOfBand() || (queue.isEmpty() && !running && !request.runsOnOwner())) {
            runHere(request);
        } else if (hub.budget().take(request.bytes())) {
            queue.add(request);
            runNext();
        } else {
            queue.add(Request.tooLarge(request));
            runNext();
        }
    }

    private void runHere(Request request) {
        hub.touched(this);
        var command = request.command();
        if (command != null && command.name().equals(Protocol.NEGOTIATE)) {
            negotiate(request);
        } else {
            hub.replies().answer(request, out);
        }
    }

    private void negotiate(Request request) {
        try {
            var wanted = QapiDecoder.arguments(Protocol.Capabilities.class, request.arguments());
            if (negotiated) {
                throw new QmpException(
                        ErrorClass.COMMAND_NOT_FOUND, "Capabilities negotiation is already complete, command ignored");
            }
            negotiated = true;
            outOfBand = wanted.enable() != null && wanted.enable().contains(Protocol.Capability.OOB);
            Replies.succeed(request, Map.of(), out);
        } catch (QmpException e) {
            Replies.refuse(request, e, out);
        }
    }

    // ---- commands that wait their turn

    private void runNext() {
        while (!running && !queue.isEmpty() && !wire.isFull() && !ended) {
            if (queue.getFirst().runsOnOwner()) {
                handOver();
            } else {
                var request = queue.removeFirst();
                runHere(request);
                settle(request);
                sendIfMuch();
            }
        }
    }

    /// Gives the machine's thread all that it can do in a row.
    private void handOver() {
        var batch = new ArrayList<Request>();
        while (!queue.isEmpty() && queue.getFirst().runsOnOwner()) {
            batch.add(queue.removeFirst());
        }
        running = true;
        try {
            hub.owner().execute(() -> carryOut(batch));
        } catch (RejectedExecutionException e) {
            end(); // the machine is gone
        }
    }

    /// On the machine's thread. What the commands emit is in the inbox before their replies.
    private void carryOut(List<Request> batch) {
        for (int i = 0; i < batch.size(); i++) {
            var request = batch.get(i);
            var reply = new JsonWriter(endpoint.pretty());
            if (!ended) {
                hub.replies().answer(request, reply);
            }
            boolean last = i == batch.size() - 1;
            hub.inbox().post(() -> carriedOut(request, reply, last));
        }
    }

    private void carriedOut(Request request, JsonWriter reply, boolean last) {
        settle(request);
        running = running && !last;
        if (ended) {
            return;
        }
        out.append(reply.bytes(), reply.length());
        hub.touched(this);
        if (last) {
            goOn();
        }
    }

    private void settle(Request request) {
        hub.budget().give(request.bytes());
    }

    private void goOn() {
        sendIfMuch();
        runNext();
        while (unread.length > 0 && !isStalled()) {
            var bytes = unread;
            unread = NOTHING;
            parse(bytes, bytes.length);
        }
        readOrNot();
    }

    // ---- to the client

    /// @param encoded in the layout of this session's endpoint
    void event(byte[] encoded) {
        if (wire.isFull()) {
            heldEventBytes += encoded.length;
            if (heldEventBytes > MAX_HELD_EVENT_BYTES) {
                hub.events().dropped(endpoint, "the client does not read its events");
                end();
                return;
            }
        }
        out.append(encoded, encoded.length);
        hub.touched(this);
    }

    private void sendIfMuch() {
        if (out.length() >= SEND_AT) {
            flush();
        }
    }

    /// Sends what has been written.
    void flush() {
        touched = false;
        if (out.length() == 0 || ended) {
            return;
        }
        if (hub.events().traces()) {
            var text = new String(out.bytes(), 0, out.length(), StandardCharsets.US_ASCII);
            hub.events().message(endpoint, false, text);
        }
        wire.write(out.bytes(), out.length());
        out.clear();
    }

    @Override
    public void drained() {
        heldEventBytes = 0;
        goOn();
        hub.flush();
    }

    /// Ends the connection from our side.
    void end() {
        if (!ended) {
            wire.close();
            closed();
        }
    }

    @Override
    public void closed() {
        if (ended) {
            return;
        }
        ended = true;
        // Those that run are settled when they come back.
        queue.forEach(this::settle);
        queue.clear();
        unread = NOTHING;
        stream.close();
        hub.left(this);
    }
}
