package io.sluice.vmm.metrics;

import io.sluice.vmm.plugin.PluginException;
import io.sluice.vmm.socket.SocketFile;
import io.sluice.vmm.socket.SocketFileException;
import io.sluice.vmm.socket.SocketReason;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// One page over HTTP/1.1. A connection serves one request and has few seconds for all of it; there are few at a time,
/// and what one sends is small or is refused. So clients, however bad, cost bounded memory and keep nobody out for
/// long.
final class MetricsServer {
    static final int MOST_CONNECTIONS = 32;
    static final long CONNECTION_MILLIS = 10_000;
    private static final int MOST_LINE = 2048;
    private static final int MOST_HEADERS = 8192;
    private static final long OPEN_SECONDS = 10;

    private final Vertx vertx;
    private final Context context;
    private final String path;
    private final Exposition exposition;
    private final HttpServer server;
    private final long connectionMillis;
    private @Nullable SocketFile file;
    /// Of the server's loop, as the next.
    private final Set<HttpConnection> connections = new HashSet<>();
    /// Those that have not had their answer.
    private final Set<HttpConnection> waiting = new HashSet<>();

    private MetricsServer(Vertx vertx, String path, Exposition exposition, long connectionMillis) {
        this.vertx = vertx;
        this.context = vertx.getOrCreateContext();
        this.path = path;
        this.exposition = exposition;
        this.connectionMillis = connectionMillis;
        this.server = vertx.createHttpServer(new HttpServerOptions()
                        .setMaxInitialLineLength(MOST_LINE)
                        .setMaxHeaderSize(MOST_HEADERS)
                        .setHttp2ClearTextEnabled(false)
                        .setCompressionSupported(false)
                        .setHandle100ContinueAutomatically(false))
                .connectionHandler(this::connected)
                .requestHandler(this::answer);
    }

    /// From a thread that is on no loop; returns when the server answers.
    ///
    /// @param connectionMillis how long a connection may last
    /// @throws PluginException if it cannot; then nothing is left
    static MetricsServer start(
            Vertx vertx, ListenAddress listen, String path, Exposition exposition, long connectionMillis) {
        var made = new MetricsServer(vertx, path, exposition, connectionMillis);
        boolean open = false;
        try {
            switch (listen) {
                case ListenAddress.Inet inet -> made.listen(listen, SocketAddress.inetSocketAddress(inet.address()));
                case ListenAddress.Unix unix -> {
                    var file = SocketFile.prepare(unix.path());
                    made.file = file;
                    made.listen(
                            listen,
                            SocketAddress.domainSocketAddress(file.bindPath().toString()));
                    file.publish();
                }
            }
            open = true;
        } catch (SocketFileException e) {
            throw new PluginException("listen=" + listen.text() + ": " + e.getMessage(), e);
        } finally {
            if (!open) {
                made.close();
            }
        }
        return made;
    }

    private void listen(ListenAddress listen, SocketAddress address) {
        try {
            inContext(() -> server.listen(address))
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(OPEN_SECONDS, TimeUnit.SECONDS);
        } catch (java.util.concurrent.ExecutionException e) {
            throw new PluginException("listen=" + listen.text() + ": " + SocketReason.of(e.getCause()), e);
        } catch (TimeoutException e) {
            throw new PluginException("listen=" + listen.text() + ": the loops do not answer", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PluginException("listen=" + listen.text() + ": interrupted", e);
        }
    }

    /// The port that is open; 0 for a UNIX socket.
    int port() {
        return file != null ? 0 : server.actualPort();
    }

    // ---- on the server's loop

    private void connected(HttpConnection connection) {
        if (connections.size() >= MOST_CONNECTIONS) {
            connection.close();
            return;
        }
        connections.add(connection);
        waiting.add(connection);
        long timer = vertx.setTimer(connectionMillis, late -> connection.close());
        connection.closeHandler(gone -> {
            connections.remove(connection);
            waiting.remove(connection);
            vertx.cancelTimer(timer);
        });
    }

    /// What follows the first request of a connection gets no answer: it is closing.
    private void answer(HttpServerRequest request) {
        if (!waiting.remove(request.connection())) {
            return;
        }
        var response = request.response().putHeader("Connection", "close");
        boolean head = HttpMethod.HEAD.equals(request.method());
        if (!path.equals(request.path())) {
            text(request, 404, "only " + path + " is here\n");
        } else if (!head && !HttpMethod.GET.equals(request.method())) {
            response.putHeader("Allow", "GET, HEAD");
            text(request, 405, "only GET and HEAD\n");
        } else {
            var format = Accept.format(request.getHeader("Accept"));
            send(request, 200, format.contentType(), Buffer.buffer(exposition.page(format)));
        }
    }

    private static void text(HttpServerRequest request, int status, String text) {
        send(request, status, "text/plain; charset=utf-8", Buffer.buffer(text));
    }

    private static void send(HttpServerRequest request, int status, String type, Buffer body) {
        var response = request.response()
                .setStatusCode(status)
                .putHeader("Content-Type", type)
                .putHeader("Content-Length", Integer.toString(body.length()));
        var sent = HttpMethod.HEAD.equals(request.method()) ? response.end() : response.end(body);
        sent.onComplete(done -> request.connection().close());
    }

    // ---- the end

    /// Closes the port and every connection. From a thread that is on no loop; never fails.
    void close() {
        try {
            inContext(server::close).await(OPEN_SECONDS, TimeUnit.SECONDS);
            // A selector frees a port only when it is next asked, which it is before a timer runs.
            inContext(() -> vertx.timer(1)).await(OPEN_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            // The port ends with its loop.
        }
        if (file != null) {
            file.close();
        }
    }

    /// Does `what` on the server's loop.
    private <T> Future<T> inContext(Supplier<Future<T>> what) {
        Promise<T> done = Promise.promise();
        context.runOnContext(now -> what.get().onComplete(done));
        return done.future();
    }
}
