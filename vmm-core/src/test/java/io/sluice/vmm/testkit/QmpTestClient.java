package io.sluice.vmm.testkit;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/// A plain client of a control socket, written against nothing but sockets. Waits a minute for an answer at most.
public final class QmpTestClient implements Closeable {
    private static final long PATIENCE_MILLIS = TimeUnit.SECONDS.toMillis(60);
    private static final int BUFFER_BYTES = 1 << 16;

    private final SocketChannel channel;
    private final Selector selector;
    private final ByteBuffer in = ByteBuffer.allocate(BUFFER_BYTES).flip();
    private boolean closed;

    private QmpTestClient(SocketChannel channel) throws IOException {
        this.channel = channel;
        channel.configureBlocking(false);
        selector = Selector.open();
        channel.register(selector, SelectionKey.OP_READ);
    }

    public static QmpTestClient connect(Path socket) throws IOException {
        return new QmpTestClient(
                connected(SocketChannel.open(StandardProtocolFamily.UNIX), UnixDomainSocketAddress.of(socket)));
    }

    public static QmpTestClient connect(String host, int port) throws IOException {
        return new QmpTestClient(connected(SocketChannel.open(), new InetSocketAddress(host, port)));
    }

    /// Of a connection that somebody has accepted.
    public static QmpTestClient of(SocketChannel channel) throws IOException {
        return new QmpTestClient(channel);
    }

    private static SocketChannel connected(SocketChannel channel, SocketAddress address) throws IOException {
        channel.connect(address);
        return channel;
    }

    /// Reads the greeting and ends the negotiation.
    public QmpTestClient negotiate(String... capabilities) throws IOException {
        receive();
        var enable = capabilities.length == 0
                ? ""
                : ", \"arguments\": {\"enable\": [\"" + String.join("\", \"", capabilities) + "\"]}";
        var answer = call("{\"execute\": \"qmp_capabilities\"" + enable + "}");
        if (!answer.equals("{\"return\": {}}")) {
            throw new IOException("negotiation: " + answer);
        }
        return this;
    }

    /// Sends a line and reads the next one.
    public String call(String line) throws IOException {
        send(line);
        return receive();
    }

    public void send(String line) throws IOException {
        sendRaw(line + "\n");
    }

    public void sendRaw(String text) throws IOException {
        sendRaw(text.getBytes(StandardCharsets.UTF_8));
    }

    public void sendRaw(byte[] bytes) throws IOException {
        var out = ByteBuffer.wrap(bytes);
        long end = System.currentTimeMillis() + PATIENCE_MILLIS;
        while (out.hasRemaining()) {
            if (channel.write(out) == 0) {
                if (System.currentTimeMillis() > end) {
                    throw new IOException("nothing is taken");
                }
                Thread.onSpinWait();
            }
        }
    }

    /// Sends what is taken at once.
    ///
    /// @return how many bytes that were
    public int offer(byte[] bytes) throws IOException {
        return channel.write(ByteBuffer.wrap(bytes));
    }

    /// The next line, without its end, which must be CRLF.
    public String receive() throws IOException {
        var line = new ByteArrayOutputStream();
        while (true) {
            int next = next();
            if (next < 0) {
                throw new IOException("closed after: " + line);
            }
            line.write(next);
            if (next == '\n') {
                var text = line.toString(StandardCharsets.ISO_8859_1);
                if (!text.endsWith("\r\n")) {
                    throw new IOException("a line that does not end in CRLF: " + text);
                }
                return text.substring(0, text.length() - 2);
            }
        }
    }

    /// Whether the other side ends the connection, having sent nothing more.
    public boolean isClosed() throws IOException {
        return next() < 0;
    }

    private int next() throws IOException {
        if (!in.hasRemaining() && !fill()) {
            return -1;
        }
        return in.get() & 0xFF;
    }

    private boolean fill() throws IOException {
        long end = System.currentTimeMillis() + PATIENCE_MILLIS;
        in.clear();
        int count = closed ? -1 : channel.read(in);
        while (count == 0) {
            selector.select(Math.max(1, end - System.currentTimeMillis()));
            selector.selectedKeys().clear();
            count = channel.read(in);
            if (count == 0 && System.currentTimeMillis() > end) {
                throw new IOException("no answer within " + PATIENCE_MILLIS + " ms");
            }
        }
        in.flip();
        closed = count < 0;
        return !closed;
    }

    @Override
    public void close() throws IOException {
        selector.close();
        channel.close();
    }
}
