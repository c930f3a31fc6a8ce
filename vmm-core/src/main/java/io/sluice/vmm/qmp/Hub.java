package io.sluice.vmm.qmp;

import io.sluice.vmm.qapi.CommandTable;
import io.sluice.vmm.qapi.ErrorClass;
import io.sluice.vmm.qapi.EventType;
import io.sluice.vmm.qapi.EventType.Event;
import io.sluice.vmm.qapi.QmpException;
import io.sluice.vmm.qapi.RunState;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What all sessions share: the commands, the events on their way, the memory for input. Runs on the loop, but for
/// [#emit].
final class Hub implements EventType.Sink, Protocol.Connections {
    /// Events that may be on their way to the loop; what comes beyond is dropped and counted. Only a loop that stands
    /// still lets so many gather.
    static final int MAX_EVENTS_UNDERWAY = 16_384;

    private static final int MICROS = 1_000_000;

    private final CommandTable table;
    private final Executor owner;
    private final QmpEvents events;
    private final Replies replies;
    private final Inbox inbox;
    private final RateLimiter limiter;
    private final InputBudget budget = InputBudget.ofHeap();
    private final Set<Session> sessions = new LinkedHashSet<>();
    private final List<Session> touched = new ArrayList<>();
    private final AtomicInteger underway = new AtomicInteger();
    private final AtomicLong dropped = new AtomicLong();
    private volatile @Nullable Thread loopThread;
    private final int mostSessions = ClientLimit.ofProcess();
    private boolean crowded;

    Hub(
            CommandTable table,
            Supplier<RunState> state,
            Executor owner,
            Executor loop,
            RateLimiter.Timers timers,
            QmpEvents events) {
        this.table = Protocol.complete(table, this);
        this.owner = owner;
        this.events = events;
        replies = new Replies(state, events);
        inbox = new Inbox(loop, this::flush);
        limiter = new RateLimiter((millis, task) -> timers.after(millis, () -> sent(task)), this::deliver);
    }

    CommandTable table() {
        return table;
    }

    Executor owner() {
        return owner;
    }

    QmpEvents events() {
        return events;
    }

    Replies replies() {
        return replies;
    }

    Inbox inbox() {
        return inbox;
    }

    InputBudget budget() {
        return budget;
    }

    /// This is the loop.
    void startOnLoop() {
        loopThread = Thread.currentThread();
    }

    // ---- sessions

    /// Whether one more client can be had. When it is the first that cannot, this is told.
    boolean hasRoom(QmpEndpoint endpoint) {
        boolean room = sessions.size() < mostSessions;
        if (!room && !crowded) {
            events.dropped(endpoint, "there are " + mostSessions + " already");
        }
        crowded = !room;
        return room;
    }

    Session join(QmpEndpoint endpoint, Wire wire) {
        var session = new Session(this, endpoint, wire);
        sessions.add(session);
        events.connected(endpoint);
        return session;
    }

    void left(Session session) {
        if (sessions.remove(session)) {
            events.disconnected(session.endpoint());
        }
    }

    List<Session> sessions() {
        return List.copyOf(sessions);
    }

    /// Something was written that is to be sent when the present work is done.
    void touched(Session session) {
        if (session.touch()) {
            touched.add(session);
        }
    }

    void flush() {
        for (int i = 0; i < touched.size(); i++) {
            touched.get(i).flush();
        }
        touched.clear();
    }

    private void sent(Runnable task) {
        task.run();
        flush();
    }

    // ---- events

    @Override
    public void emit(Event<?> event) {
        var now = Instant.now();
        var stamped = new RateLimiter.Stamped(event, now.getEpochSecond() * MICROS + now.getNano() / 1000);
        if (Thread.currentThread().equals(loopThread)) {
            accept(stamped);
            inbox.post(() -> {}); // so that it is sent
        } else if (underway.incrementAndGet() > MAX_EVENTS_UNDERWAY) {
            underway.decrementAndGet();
            dropped.incrementAndGet();
        } else {
            inbox.post(() -> arrive(stamped));
        }
    }

    /// Events that were dropped because too many were underway.
    long dropped() {
        return dropped.get();
    }

    private void arrive(RateLimiter.Stamped stamped) {
        underway.decrementAndGet();
        accept(stamped);
    }

    /// An event whose data cannot be told is a bug of whoever emits it.
    private void accept(RateLimiter.Stamped stamped) {
        try {
            limiter.accept(stamped);
        } catch (RuntimeException | Error e) {
            events.failed(stamped.event().type().name(), e);
        }
    }

    private void deliver(RateLimiter.Stamped stamped) {
        events.event(stamped.event().type().name());
        byte[] plain = null;
        byte[] pretty = null;
        for (var session : sessions()) {
            if (!session.takesEvents()) {
                continue;
            }
            if (session.endpoint().pretty()) {
                pretty = pretty == null ? encode(stamped, true) : pretty;
                session.event(pretty);
            } else {
                plain = plain == null ? encode(stamped, false) : plain;
                session.event(plain);
            }
        }
    }

    private static byte[] encode(RateLimiter.Stamped stamped, boolean pretty) {
        var out = new JsonWriter(pretty);
        var event = stamped.event();
        out.open().name("timestamp").open();
        out.member("seconds", stamped.micros() / MICROS).member("microseconds", stamped.micros() % MICROS);
        out.close().member("event", event.type().name());
        if (event.data().getClass().getRecordComponents().length > 0) {
            out.member("data", event.data());
        }
        out.close().end();
        return out.copy();
    }

    // ---- connections that can be cut

    @Override
    public List<Protocol.Yankable> yankable() {
        return sessions.stream()
                .map(Session::endpoint)
                .filter(endpoint -> !(endpoint.address() instanceof QmpAddress.Stdio))
                .map(QmpEndpoint::id)
                .distinct()
                .<Protocol.Yankable>map(Protocol.Yankable.Chardev::new)
                .toList();
    }

    @Override
    public void yank(List<Protocol.Yankable> which) {
        if (!yankable().containsAll(which)) {
            throw new QmpException(ErrorClass.DEVICE_NOT_FOUND, "Instance not found");
        }
        for (var session : sessions()) {
            if (which.contains(new Protocol.Yankable.Chardev(session.endpoint().id()))) {
                // The reply of this very command goes first, where it still can.
                inbox.post(session::end);
            }
        }
    }
}
