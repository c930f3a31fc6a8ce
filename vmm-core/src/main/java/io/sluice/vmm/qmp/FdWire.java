package io.sluice.vmm.qmp;

import io.sluice.vmm.posix.Libc;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// A connection over descriptors that are not Java's. The session's side runs on the loop; reading and writing run on
/// the thread of [FdThread].
final class FdWire implements Wire {
    private static final int FULL_BYTES = 64 << 10;

    /// Reads whose bytes the loop has not taken yet.
    private static final int MAX_UNDERWAY = 4;

    /// A pipe that can be written to takes so much without blocking.
    private static final int PIPE_BYTES = 4096;

    private final FdThread thread;
    private final Inbox inbox;
    private final int readFd;
    private final int writeFd;
    private final boolean socket;
    private final ConcurrentLinkedDeque<byte[]> outgoing = new ConcurrentLinkedDeque<>();
    private final AtomicLong pending = new AtomicLong();
    private final AtomicInteger underway = new AtomicInteger();

    private volatile @Nullable Listener listener;
    private volatile @Nullable Runnable afterWrites;
    private volatile boolean wanted = true;
    private volatile boolean closing;
    private boolean ended;
    private boolean wasFull;

    /// @param socket whether the descriptors are one socket, which is ours to close
    FdWire(FdThread thread, Inbox inbox, int readFd, int writeFd, boolean socket) {
        this.thread = thread;
        this.inbox = inbox;
        this.readFd = readFd;
        this.writeFd = writeFd;
        this.socket = socket;
    }

    // ---- on the loop

    void listen(Listener listener) {
        this.listener = listener;
        thread.wake();
    }

    @Override
    public void write(byte[] bytes, int length) {
        if (!closing) {
            pending.addAndGet(length);
            outgoing.add(Arrays.copyOf(bytes, length));
            thread.wake();
        }
    }

    @Override
    public boolean isFull() {
        return pending.get() > FULL_BYTES;
    }

    @Override
    public void read(boolean wanted) {
        if (this.wanted != wanted) {
            this.wanted = wanted;
            thread.wake();
        }
    }

    @Override
    public void afterWrites(Runnable task) {
        afterWrites = task;
        thread.wake();
    }

    @Override
    public void close() {
        closing = true;
        thread.wake();
    }

    // ---- on the thread

    int readFd() {
        return readFd;
    }

    int writeFd() {
        return writeFd;
    }

    boolean wantsInput() {
        return wanted && !closing && listener != null && underway.get() < MAX_UNDERWAY;
    }

    boolean wantsOutput() {
        return !closing && !outgoing.isEmpty();
    }

    /// Whether it is over; then its descriptor is closed.
    boolean reap() {
        var task = afterWrites;
        if (task != null && (pending.get() == 0 || closing || ended)) {
            afterWrites = null;
            inbox.post(task);
        }
        if (!closing && !ended) {
            return false;
        }
        closing = true;
        pending.set(0);
        outgoing.clear();
        if (socket) {
            Libc.shutdown(readFd);
            Libc.close(readFd);
        }
        var told = listener;
        if (told != null) {
            inbox.post(told::closed);
        }
        return true;
    }

    /// Reads once.
    ///
    /// @param hangup whether the other side has closed or failed
    void receive(MemorySegment buffer, boolean hangup) {
        long count = Libc.read(readFd, buffer, buffer.byteSize());
        var told = listener;
        if (count <= 0 || told == null) {
            ended = ended || count == 0 || hangup;
            return;
        }
        var bytes = buffer.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE);
        underway.incrementAndGet();
        inbox.post(() -> {
            told.received(bytes, bytes.length);
            if (underway.getAndDecrement() == MAX_UNDERWAY) {
                thread.wake();
            }
        });
    }

    /// Writes once.
    void send(MemorySegment buffer, boolean hangup) {
        var chunk = outgoing.poll();
        if (chunk == null) {
            return;
        }
        int most = (int) Math.min(chunk.length, socket ? buffer.byteSize() : PIPE_BYTES);
        MemorySegment.copy(chunk, 0, buffer, ValueLayout.JAVA_BYTE, 0, most);
        long sent = socket ? Libc.send(writeFd, buffer, most) : Libc.write(writeFd, buffer, most);
        if (sent < 0 && hangup) {
            ended = true;
            return;
        }
        int gone = (int) Math.max(sent, 0);
        if (gone < chunk.length) {
            outgoing.addFirst(Arrays.copyOfRange(chunk, gone, chunk.length));
        }
        wasFull = wasFull || isFull();
        pending.addAndGet(-gone);
        var told = listener;
        if (wasFull && pending.get() < FULL_BYTES / 2 && told != null) {
            wasFull = false;
            inbox.post(told::drained);
        }
    }
}
