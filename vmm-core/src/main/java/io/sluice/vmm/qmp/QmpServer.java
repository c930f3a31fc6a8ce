package io.sluice.vmm.qmp;

import io.sluice.vmm.qapi.CommandTable;
import io.sluice.vmm.qapi.EventType;
import io.sluice.vmm.qapi.RunState;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/// The control sockets of one machine.
///
/// The machine's thread opens and closes it. In between its sessions live on one event loop; what they need of the
/// machine they hand to `owner`.
public final class QmpServer implements AutoCloseable {
    /// How long what is due may take to go out when the server is closed.
    private static final long CLOSE_MILLIS = 1000;

    private static final long OPEN_SECONDS = 10;
    private static final int SCRATCH_BYTES = 64 << 10;

    private final Hub hub;
    private final Vertx vertx;
    private final Context context;
    private final byte[] scratch = new byte[SCRATCH_BYTES];
    private final List<Entrance> entrances = new ArrayList<>();
    private final List<QmpAddress> addresses = new ArrayList<>();
    private final List<CountDownLatch> firstClients = new ArrayList<>();
    private final AtomicBoolean closed = new AtomicBoolean();

    private QmpServer(CommandTable table, Supplier<RunState> state, Executor owner, Vertx vertx, QmpEvents events) {
        this.vertx = vertx;
        context = vertx.getOrCreateContext();
        hub = new Hub(
                table,
                state,
                owner,
                task -> context.runOnContext(nothing -> task.run()),
                (millis, task) -> vertx.setTimer(millis, id -> task.run()),
                events);
    }

    /// Opens sockets; when it returns they answer. From a thread that is no event loop.
    ///
    /// @param table the machine's commands; the protocol's own come in addition
    /// @param state of the machine; any thread asks
    /// @param owner runs tasks on the thread that owns the machine, in order
    /// @throws QmpOpenException if one of them cannot be had; then none is there
    public static QmpServer open(
            List<QmpEndpoint> endpoints,
            CommandTable table,
            Supplier<RunState> state,
            Executor owner,
            Vertx vertx,
            QmpEvents port) {
        var server = new QmpServer(table, state, owner, vertx, port);
        try {
            server.context.runOnContext(nothing -> server.hub.startOnLoop());
            for (var endpoint : endpoints) {
                server.open(endpoint);
            }
        } catch (QmpOpenException e) {
            server.close();
            throw e;
        }
        return server;
    }

    private void open(QmpEndpoint endpoint) {
        var first = new CountDownLatch(endpoint.server() && endpoint.waits() ? 1 : 0);
        var entrance = entrance(endpoint, new Host(endpoint, first));
        entrances.add(entrance);
        var opened = new CompletableFuture<QmpAddress>();
        context.runOnContext(nothing -> entrance.open().whenComplete((address, failure) -> {
            if (failure == null) {
                opened.complete(address);
            } else {
                opened.completeExceptionally(failure);
            }
        }));
        var address = await(opened);
        addresses.add(address);
        firstClients.add(first);
        hub.events().listening(endpoint, address);
    }

    private Entrance entrance(QmpEndpoint endpoint, Entrance.Host host) {
        return switch (endpoint.address()) {
            case QmpAddress.Unix unix -> network(endpoint, host);
            case QmpAddress.Tcp tcp -> network(endpoint, host);
            case QmpAddress.Fd fd -> new FdEntrance(endpoint, host, hub.inbox());
            case QmpAddress.Stdio stdio -> new FdEntrance(endpoint, host, hub.inbox());
        };
    }

    private Entrance network(QmpEndpoint endpoint, Entrance.Host host) {
        return endpoint.server()
                ? new NetEntrance(endpoint.address(), host, vertx, scratch)
                : new NetConnector(endpoint, host, vertx, scratch);
    }

    private static QmpAddress await(CompletableFuture<QmpAddress> opened) {
        try {
            return opened.get(OPEN_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof QmpOpenException refused
                    ? refused
                    : new IllegalStateException("a control socket failed", e.getCause());
        } catch (TimeoutException e) {
            throw new QmpOpenException("a control socket did not open within " + OPEN_SECONDS + " s");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new QmpOpenException("interrupted while a control socket was opened");
        }
    }

    /// Brings clients to the hub.
    private final class Host implements Entrance.Host {
        private final QmpEndpoint endpoint;
        private final CountDownLatch first;

        Host(QmpEndpoint endpoint, CountDownLatch first) {
            this.endpoint = endpoint;
            this.first = first;
        }

        @Override
        public boolean hasRoom() {
            return hub.hasRoom(endpoint);
        }

        @Override
        public Session arrived(Wire wire) {
            return hub.join(endpoint, wire);
        }

        @Override
        public void welcome(Session session) {
            session.greet();
            first.countDown();
        }
    }

    /// Who is to be told of events. Any thread; never blocks.
    public EventType.Sink sink() {
        return hub;
    }

    /// The machine's commands and the protocol's own.
    public CommandTable table() {
        return hub.table();
    }

    /// Where clients find us, in the order of the endpoints.
    public List<QmpAddress> addresses() {
        return List.copyOf(addresses);
    }

    /// Events that were dropped because the loop did not take them; 0 unless something is wrong.
    public long droppedEvents() {
        return hub.dropped();
    }

    /// Waits until every endpoint with `wait=on` has had a client, or the server is closed.
    public void awaitFirstClient() throws InterruptedException {
        for (var first : firstClients) {
            first.await();
        }
    }

    /// Sends what is due, for a second at most; then ends all connections and removes the files. From the machine's
    /// thread.
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        var sent = new CompletableFuture<Void>();
        hub.inbox().post(() -> finish(sent));
        waitFor(sent);
        var ended = new CompletableFuture<Void>();
        hub.inbox().post(() -> {
            // Not before all is sent: a listening socket takes its connections with it.
            entrances.forEach(Entrance::close);
            hub.sessions().forEach(Session::end);
            ended.complete(null);
        });
        waitFor(ended);
        entrances.forEach(Entrance::removeFile);
        firstClients.forEach(CountDownLatch::countDown);
    }

    private void finish(CompletableFuture<Void> sent) {
        hub.flush();
        var open = new ArrayList<CompletableFuture<Void>>();
        for (var session : hub.sessions()) {
            var done = new CompletableFuture<Void>();
            session.wire().afterWrites(() -> done.complete(null));
            open.add(done);
        }
        CompletableFuture.allOf(open.toArray(CompletableFuture<?>[]::new)).thenRun(() -> sent.complete(null));
    }

    private static void waitFor(CompletableFuture<Void> done) {
        try {
            done.get(CLOSE_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            // A client that does not read in time does not hear the end.
        }
    }
}
