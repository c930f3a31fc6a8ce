package io.sluice.vmm.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// A client that sends the bytes it is told to and reads until the other side closes. It has no limits of its own; a
/// test has.
public final class WebClient {
    private final SocketAddress address;

    private WebClient(SocketAddress address) {
        this.address = address;
    }

    public static WebClient port(int port) {
        return new WebClient(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    }

    public static WebClient unix(Path path) {
        return new WebClient(UnixDomainSocketAddress.of(path));
    }

    /// An open connection, for clients that behave badly.
    public SocketChannel connect() throws IOException {
        return SocketChannel.open(address);
    }

    /// Sends `request` and gives all that comes back, head and body.
    public String exchange(String request) {
        try (var channel = connect()) {
            send(channel, request);
            return receive(channel);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public String get(String path) {
        return exchange("GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n");
    }

    /// The body of `GET /metrics`, as a page.
    public Scrape scrape() {
        var answer = get("/metrics");
        if (!answer.startsWith("HTTP/1.1 200 OK\r\n")) {
            throw new AssertionError("no page: " + answer);
        }
        return Scrape.parse(body(answer));
    }

    public static String body(String answer) {
        return answer.substring(answer.indexOf("\r\n\r\n") + 4);
    }

    public static void send(SocketChannel channel, String text) throws IOException {
        var bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /// All that comes until the other side closes; a connection that is reset ends there too.
    public static String receive(SocketChannel channel) {
        var text = new StringBuilder();
        var bytes = ByteBuffer.allocate(1 << 16);
        try {
            while (channel.read(bytes) >= 0) {
                text.append(StandardCharsets.ISO_8859_1.decode(bytes.flip()));
                bytes.clear();
            }
        } catch (IOException e) {
            text.append("[reset]");
        }
        return text.toString();
    }
}
