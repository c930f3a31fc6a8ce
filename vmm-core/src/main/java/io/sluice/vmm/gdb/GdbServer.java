package io.sluice.vmm.gdb;

import io.sluice.vmm.machine.DebugPort;
import io.sluice.vmm.socket.SocketFile;
import io.sluice.vmm.socket.SocketFileException;
import io.sluice.vmm.socket.SocketReason;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.SocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Waits for debuggers on a socket. The socket itself ends with its [Vertx]; closing removes its file.
public final class GdbServer implements AutoCloseable {
    private static final long LISTEN_SECONDS = 10;

    private final DebugPort port;
    private final Consumer<Runnable> control;
    private final NetServer server;
    private @Nullable SocketFile file;

    private GdbServer(Vertx vertx, DebugPort port, Consumer<Runnable> control) {
        this.port = port;
        this.control = control;
        var options = new NetServerOptions().setTcpNoDelay(true).setTcpKeepAlive(true);
        this.server = vertx.createNetServer(options).connectHandler(this::accept);
    }

    /// Listens; a debugger that comes once this has returned is heard.
    ///
    /// @param control runs a task on the thread that owns the machine, later
    /// @throws GdbListenException if the address cannot be had
    public static GdbServer listen(Vertx vertx, GdbTarget.Tcp address, DebugPort port, Consumer<Runnable> control) {
        var gdb = new GdbServer(vertx, port, control);
        gdb.listen(SocketAddress.inetSocketAddress(address.port(), address.host()));
        return gdb;
    }

    /// The same at a file, which only its owner may open.
    public static GdbServer listen(Vertx vertx, GdbTarget.Unix address, DebugPort port, Consumer<Runnable> control) {
        var gdb = new GdbServer(vertx, port, control);
        boolean listens = false;
        try {
            var file = SocketFile.prepare(address.path());
            gdb.file = file;
            gdb.listen(SocketAddress.domainSocketAddress(file.bindPath().toString()));
            file.publish();
            listens = true;
        } catch (SocketFileException e) {
            throw new GdbListenException(address.path() + ": " + e.getMessage(), e);
        } finally {
            if (!listens) {
                gdb.close();
            }
        }
        return gdb;
    }

    private void listen(SocketAddress address) {
        var listening = server.listen(address);
        try {
            listening.otherwiseEmpty().await(LISTEN_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new GdbListenException("no answer", e);
        }
        if (listening.failed()) {
            throw new GdbListenException(SocketReason.of(listening.cause()), listening.cause());
        }
    }

    /// The number of the TCP port.
    public int port() {
        return server.actualPort();
    }

    @Override
    public void close() {
        if (file != null) {
            file.close();
        }
    }

    private void accept(NetSocket socket) {
        var link = new GdbLink(new SocketChannel(socket, Vertx.currentContext()), control);
        socket.handler(buffer -> link.take(buffer.getBytes()));
        socket.exceptionHandler(e -> socket.close());
        socket.closeHandler(nothing -> link.closed());
        link.open(port);
    }

    /// A socket as a link writes to it.
    private record SocketChannel(NetSocket socket, Context context) implements GdbLink.Channel {
        @Override
        public void write(byte[] bytes) {
            socket.write(Buffer.buffer(bytes));
        }

        @Override
        public void resume() {
            socket.resume();
        }

        @Override
        public void pause() {
            socket.pause();
        }

        @Override
        public void whenWritable(Runnable writable) {
            context.runOnContext(nothing -> {
                if (socket.writeQueueFull()) {
                    socket.drainHandler(drained -> {
                        socket.drainHandler(null);
                        writable.run();
                    });
                } else {
                    writable.run();
                }
            });
        }

        @Override
        public void close() {
            // Behind what was written.
            context.runOnContext(nothing -> socket.close());
        }
    }
}
