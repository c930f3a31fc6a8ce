package io.sluice.guest.testkit;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// A connection to a control socket that says what it likes and does not care what it hears.
public final class RawClient implements Closeable {
    private final SocketChannel channel;
    private final ByteBuffer heard = ByteBuffer.allocate(1 << 16);
    private boolean ended;

    private RawClient(SocketChannel channel) {
        this.channel = channel;
    }

    public static RawClient connect(Path socket) {
        try {
            var channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            channel.connect(UnixDomainSocketAddress.of(socket));
            channel.configureBlocking(false);
            return new RawClient(channel);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Sends all of it, and forgets what comes meanwhile.
    ///
    /// @return whether the connection is still there
    public boolean send(byte[] bytes) {
        var out = ByteBuffer.wrap(bytes);
        while (out.hasRemaining() && !ended) {
            if (write(out) + drain() == 0) {
                Thread.yield();
            }
        }
        return !ended;
    }

    public boolean send(String text) {
        return send(text.getBytes(StandardCharsets.UTF_8));
    }

    /// Sends what is taken at once, and reads nothing.
    public void offer(String text) {
        write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    /// Forgets what has come.
    ///
    /// @return how much that was
    public int drain() {
        try {
            int count = ended ? -1 : channel.read(heard.clear());
            ended |= count < 0;
            return Math.max(count, 0);
        } catch (IOException e) {
            ended = true; // reset: the other side went away with bytes of ours unread
            return 0;
        }
    }

    private int write(ByteBuffer out) {
        try {
            return channel.write(out);
        } catch (IOException e) {
            ended = true;
            return 0;
        }
    }

    public boolean hasEnded() {
        return ended;
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
