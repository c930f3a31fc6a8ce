package io.sluice.vmm.qmp;

import io.sluice.vmm.socket.SocketFile;
import io.sluice.vmm.socket.SocketFileException;
import io.sluice.vmm.socket.SocketReason;
import io.vertx.core.AsyncResult;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.NetSocket;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// Listens on a UNIX or TCP socket.
final class NetEntrance implements Entrance {
    /// For hundreds of clients that come at the same moment; the kernel may allow less.
    private static final int BACKLOG = 4096;

    private final QmpAddress wanted;
    private final Host host;
    private final NetServer server;
    private final byte[] scratch;
    private final @Nullable SocketFile file;

    NetEntrance(QmpAddress wanted, Host host, Vertx vertx, byte[] scratch) {
        this.wanted = wanted;
        this.host = host;
        this.scratch = scratch;
        file = wanted instanceof QmpAddress.Unix unix ? prepare(unix) : null;
        server = vertx.createNetServer(new NetServerOptions().setAcceptBacklog(BACKLOG));
    }

    private static SocketFile prepare(QmpAddress.Unix wanted) {
        try {
            return SocketFile.prepare(wanted.path());
        } catch (SocketFileException e) {
            throw refused(wanted, e.getMessage());
        }
    }

    private static QmpOpenException refused(QmpAddress wanted, @Nullable String reason) {
        return new QmpOpenException("Failed to bind socket to " + NetAddresses.plain(wanted) + ": " + reason);
    }

    @Override
    public CompletableFuture<QmpAddress> open() {
        var opened = new CompletableFuture<QmpAddress>();
        server.connectHandler(this::accept);
        server.listen(NetAddresses.of(wanted, file)).onComplete(result -> listening(result, opened));
        return opened;
    }

    private void listening(AsyncResult<NetServer> result, CompletableFuture<QmpAddress> opened) {
        try {
            if (result.failed()) {
                throw refused(wanted, SocketReason.of(result.cause()));
            }
            if (file != null) {
                file.publish();
            }
            opened.complete(
                    wanted instanceof QmpAddress.Tcp tcp
                            ? new QmpAddress.Tcp(tcp.host(), result.result().actualPort())
                            : wanted);
        } catch (SocketFileException e) {
            opened.completeExceptionally(refused(wanted, e.getMessage()));
        } catch (QmpOpenException e) {
            opened.completeExceptionally(e);
        }
    }

    private void accept(NetSocket socket) {
        if (!host.hasRoom()) {
            socket.close();
            return;
        }
        var wire = new VertxWire(socket, scratch);
        var session = host.arrived(wire);
        wire.listen(session);
        host.welcome(session);
    }

    @Override
    public void close() {
        server.close();
    }

    @Override
    public void removeFile() {
        if (file != null) {
            file.close();
        }
    }
}
