package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.process.OpenFile;
import io.sluice.vfio.host.process.RequestTable;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/// An eventfd(2) of a process: a counter that signals add to and that a read takes. Any thread.
public final class EventfdFile extends OpenFile implements Eventfd {
    private static final RequestTable<EventfdFile> REQUESTS = RequestTable.of("eventfd", EventfdFile.class);

    private final AtomicLong count = new AtomicLong();
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

    @Override
    public RequestTable<?> requests() {
        return REQUESTS;
    }

    @Override
    protected void released() {
        listeners.clear();
    }

    @Override
    public void signal() {
        count.getAndIncrement();
        for (var listener : listeners) {
            listener.run();
        }
    }

    @Override
    public void listen(Runnable listener) {
        listeners.add(listener);
    }

    @Override
    public void ignore(Runnable listener) {
        listeners.remove(listener);
    }

    /// Takes what has been counted.
    ///
    /// @throws io.sluice.vfio.host.HostException EAGAIN if it has not been signalled since
    public long take() {
        long taken = count.getAndSet(0);
        if (taken == 0) {
            throw refuse(Errno.EAGAIN, "it was not signalled");
        }
        return taken;
    }

    @Override
    public int read(byte[] target, int offset, int length) {
        if (length < Long.BYTES) {
            throw refuse(Errno.EINVAL, "read of " + length + " bytes");
        }
        long taken = take();
        for (int i = 0; i < Long.BYTES; i++) {
            target[offset + i] = (byte) (taken >> 8 * i);
        }
        return Long.BYTES;
    }

    @Override
    public int write(byte[] source, int offset, int length) {
        if (length < Long.BYTES) {
            throw refuse(Errno.EINVAL, "write of " + length + " bytes");
        }
        signal();
        return Long.BYTES;
    }
}
