package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.ESPIPE;

import io.sluice.vfio.host.process.OpenFile;
import io.sluice.vfio.host.process.RequestTable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/// The file by which events of a VIOMMU are read: each a header of flags and a sequence number, little-endian, and what
/// its driver has to say. Any thread.
public final class VeventqFile extends OpenFile {
    /// Bytes of a header.
    public static final int HEADER = 8;

    /// Events are missing before this header, which has no payload.
    public static final int LOST_EVENTS = Veventq.LOST_EVENTS;

    private static final RequestTable<VeventqFile> REQUESTS = RequestTable.of("iommufd-veventq", VeventqFile.class);

    private final Iommufd context;
    private final Veventq queue;

    VeventqFile(Iommufd context, Veventq queue) {
        this.context = context;
        this.queue = queue;
        context.retain();
        queue.users++;
    }

    @Override
    public RequestTable<?> requests() {
        return REQUESTS;
    }

    @Override
    protected void released() {
        queue.onEvent(null);
        synchronized (context.lock) {
            queue.users--;
        }
        context.drop();
    }

    /// Whether there is something to read.
    public boolean isReadable() {
        return queue.isReadable();
    }

    /// Tells of each event, on the thread that it comes from; must not block.
    public void onEvent(@Nullable Runnable listener) {
        queue.onEvent(listener);
    }

    /// Reads as many whole events as fit.
    @Override
    public int read(byte[] target, int offset, int length) {
        var out = ByteBuffer.wrap(target, offset, length).order(ByteOrder.LITTLE_ENDIAN);
        for (var event = queue.next(HEADER, out.remaining());
                event != null;
                event = queue.next(HEADER, out.remaining())) {
            out.putInt(event.flags()).putInt(event.sequence());
            if (event.payload() != null) {
                out.put(event.payload());
            }
        }
        return out.position() - offset;
    }

    @Override
    public int read(long position, byte[] target, int offset, int length) {
        if (position != 0) {
            throw refuse(ESPIPE, "position " + position);
        }
        return read(target, offset, length);
    }
}
