package io.sluice.vmm.gdb;

import io.sluice.vmm.machine.DebugPort;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One connection: bytes come on the connection's thread, and what they mean is carried out on the thread that owns the
/// machine, one event after the other. While there is something to carry out, or while the other side does not take
/// what
/// it is sent, no more bytes are asked for.
final class GdbLink implements GdbSession.Line {
    /// Events carried out in one go, so that the machine's thread gets to its other work.
    private static final int BATCH = 16;

    /// A connection's far end. Any thread may call.
    interface Channel {
        void write(byte[] bytes);

        /// More bytes are wanted.
        void resume();

        /// No more bytes are wanted until [#resume].
        void pause();

        /// Calls `writable` when what was written is taken, at once if it is.
        void whenWritable(Runnable writable);

        void close();
    }

    private final Channel channel;
    private final Consumer<Runnable> control;
    private final PacketReader reader = new PacketReader();
    /// Guarded by itself.
    private final Deque<PacketEvent> events = new ArrayDeque<>();
    /// Of the thread that owns the machine.
    private @Nullable GdbSession session;

    GdbLink(Channel channel, Consumer<Runnable> control) {
        this.channel = channel;
        this.control = control;
    }

    /// The connection is made. No bytes come before the machine has stopped.
    void open(DebugPort port) {
        channel.pause();
        control.accept(() -> {
            session = GdbSession.attach(port, this);
            if (session == null) {
                channel.close();
            } else {
                channel.resume();
            }
        });
    }

    /// Bytes have come.
    void take(byte[] bytes) {
        synchronized (events) {
            reader.take(bytes, events);
            if (events.isEmpty()) {
                return;
            }
        }
        channel.pause();
        control.accept(this::work);
    }

    private void work() {
        for (int i = 0; i < BATCH; i++) {
            PacketEvent event;
            synchronized (events) {
                event = events.poll();
            }
            if (event == null) {
                channel.resume();
                return;
            }
            if (session != null) {
                session.take(event);
            }
        }
        channel.whenWritable(() -> control.accept(this::work));
    }

    /// The connection is gone.
    void closed() {
        control.accept(() -> {
            if (session != null) {
                session.close();
            }
        });
    }

    @Override
    public void send(byte[] bytes) {
        channel.write(bytes);
    }

    @Override
    public void end() {
        channel.close();
    }
}
