package io.sluice.vmm.qmp;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetSocket;

/// A connection of Vert.x.
final class VertxWire implements Wire {
    /// What waits to be sent before a client counts as one that does not read.
    private static final int FULL_BYTES = 64 << 10;

    private final NetSocket socket;
    private final byte[] scratch;
    private Future<Void> lastWrite = Future.succeededFuture();
    private boolean reading = true;

    /// @param scratch for bytes that come in; the loop's
    VertxWire(NetSocket socket, byte[] scratch) {
        this.socket = socket;
        this.scratch = scratch;
    }

    void listen(Listener listener) {
        socket.setWriteQueueMaxSize(FULL_BYTES);
        socket.handler(buffer -> receive(buffer, listener));
        socket.drainHandler(nothing -> listener.drained());
        socket.closeHandler(nothing -> listener.closed());
        socket.exceptionHandler(failure -> socket.close());
    }

    private void receive(Buffer buffer, Listener listener) {
        int length = buffer.length();
        for (int at = 0; at < length; at += scratch.length) {
            int end = Math.min(length, at + scratch.length);
            buffer.getBytes(at, end, scratch);
            listener.received(scratch, end - at);
        }
    }

    @Override
    public void write(byte[] bytes, int length) {
        lastWrite = socket.write(Buffer.buffer(length).appendBytes(bytes, 0, length));
    }

    @Override
    public boolean isFull() {
        return socket.writeQueueFull();
    }

    @Override
    public void read(boolean wanted) {
        if (wanted == reading) {
            return;
        }
        reading = wanted;
        if (wanted) {
            socket.resume();
        } else {
            socket.pause();
        }
    }

    @Override
    public void afterWrites(Runnable task) {
        lastWrite.onComplete(done -> task.run());
    }

    @Override
    public void close() {
        socket.close();
    }
}
