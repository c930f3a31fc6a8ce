package io.sluice.vmm.qmp;

import io.sluice.vmm.socket.SocketReason;
import io.vertx.core.AsyncResult;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetClientOptions;
import io.vertx.core.net.NetSocket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// Connects to somebody who listens, and serves him; if asked for, again when he has gone or is not there yet.
final class NetConnector implements Entrance {
    private static final int CONNECT_MILLIS = 5000;

    private final QmpEndpoint endpoint;
    private final Host host;
    private final Vertx vertx;
    private final NetClient client;
    private final byte[] scratch;
    private boolean closed;

    NetConnector(QmpEndpoint endpoint, Host host, Vertx vertx, byte[] scratch) {
        this.endpoint = endpoint;
        this.host = host;
        this.vertx = vertx;
        this.scratch = scratch;
        client = vertx.createNetClient(new NetClientOptions().setConnectTimeout(CONNECT_MILLIS));
    }

    @Override
    public CompletableFuture<QmpAddress> open() {
        var opened = new CompletableFuture<QmpAddress>();
        client.connect(NetAddresses.of(endpoint.address(), null)).onComplete(result -> connected(result, opened));
        return opened;
    }

    private void connected(AsyncResult<NetSocket> result, CompletableFuture<QmpAddress> opened) {
        if (result.succeeded()) {
            serve(result.result());
        } else if (endpoint.reconnectSeconds() > 0) {
            again();
        } else {
            opened.completeExceptionally(new QmpOpenException("Failed to connect to '"
                    + NetAddresses.plain(endpoint.address()) + "': " + SocketReason.of(result.cause())));
            return;
        }
        opened.complete(endpoint.address());
    }

    private void serve(NetSocket socket) {
        if (closed) {
            socket.close();
            return;
        }
        var wire = new VertxWire(socket, scratch);
        var session = host.arrived(wire);
        wire.listen(new Wire.Listener() {
            @Override
            public void received(byte[] bytes, int length) {
                session.received(bytes, length);
            }

            @Override
            public void drained() {
                session.drained();
            }

            @Override
            public void closed() {
                session.closed();
                again();
            }
        });
        host.welcome(session);
    }

    private void again() {
        if (!closed && endpoint.reconnectSeconds() > 0) {
            vertx.setTimer(TimeUnit.SECONDS.toMillis(endpoint.reconnectSeconds()), id -> {
                if (!closed) {
                    open();
                }
            });
        }
    }

    @Override
    public void close() {
        closed = true;
        client.close();
    }

    @Override
    public void removeFile() {
        // whose file it is removes it
    }
}
