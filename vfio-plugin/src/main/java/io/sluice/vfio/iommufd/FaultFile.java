package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.ESPIPE;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.iommu.PageRequestGroup;
import io.sluice.vfio.host.process.OpenFile;
import io.sluice.vfio.host.process.RequestTable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/// The file by which a fault queue is read and answered: a stream of records in whole groups, little-endian. Closing it
/// answers nothing. Any thread.
public final class FaultFile extends OpenFile {
    /// Bytes of a record: flags, device, PASID, group, permissions, reserved, address, length, cookie.
    public static final int RECORD = 40;

    /// Bytes of an answer: cookie, code.
    public static final int RESPONSE = 8;

    public static final int PASID_VALID = 1;
    public static final int LAST_PAGE = 2;

    public static final int SUCCESS = 0;
    public static final int INVALID = 1;

    private static final RequestTable<FaultFile> REQUESTS = RequestTable.of("iommufd-fault", FaultFile.class);

    private final Iommufd context;
    private final FaultQueue queue;

    FaultFile(Iommufd context, FaultQueue queue) {
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
        queue.onPending(null);
        synchronized (context.lock) {
            queue.users--;
        }
        context.drop();
    }

    /// Whether there is something to read; it can always be written.
    public boolean isReadable() {
        return queue.isReadable();
    }

    /// Tells of each group that comes, on the thread of the device that asks; must not block.
    public void onPending(@Nullable Runnable listener) {
        queue.onPending(listener);
    }

    /// Reads as many whole groups as fit.
    ///
    /// @throws HostException ESPIPE if the length is no multiple of [#RECORD]
    @Override
    public int read(byte[] target, int offset, int length) {
        requireMultiple(length, RECORD);
        var out = ByteBuffer.wrap(target, offset, length).order(ByteOrder.LITTLE_ENDIAN);
        for (var entry = queue.next(out.remaining() / RECORD);
                entry != null;
                entry = queue.next(out.remaining() / RECORD)) {
            for (var record : entry.group().records()) {
                put(out, entry, record);
            }
        }
        return out.position() - offset;
    }

    private static void put(ByteBuffer out, FaultQueue.Entry entry, PageRequestGroup.Record record) {
        out.putInt((record.pasidValid() ? PASID_VALID : 0) | (record.last() ? LAST_PAGE : 0))
                .putInt(entry.device().id())
                .putInt(record.pasid())
                .putInt(record.grpid())
                .putInt(record.perm())
                .putInt(0)
                .putLong(record.addr())
                .putInt(0)
                .putInt(entry.cookie());
    }

    /// Answers groups.
    ///
    /// @return bytes of the answers that were taken; those before a bad one, if there are any
    /// @throws HostException ESPIPE if the length is no multiple of [#RESPONSE], EINVAL if the first is bad
    @Override
    public int write(byte[] source, int offset, int length) {
        requireMultiple(length, RESPONSE);
        var in = ByteBuffer.wrap(source, offset, length).order(ByteOrder.LITTLE_ENDIAN);
        int done = 0;
        while (done < length) {
            try {
                int cookie = in.getInt();
                queue.answer(cookie, response(in.getInt()));
            } catch (HostException e) {
                if (done == 0) {
                    throw e;
                }
                return done;
            }
            done += RESPONSE;
        }
        return done;
    }

    private static PageRequestGroup.Response response(int code) {
        return switch (code) {
            case SUCCESS -> PageRequestGroup.Response.SUCCESS;
            case INVALID -> PageRequestGroup.Response.INVALID;
            default -> throw new HostException(EINVAL, "code " + code);
        };
    }

    private void requireMultiple(int length, int size) {
        if (length % size != 0) {
            throw refuse(ESPIPE, length + " bytes");
        }
    }

    @Override
    public int read(long position, byte[] target, int offset, int length) {
        requireStart(position);
        return read(target, offset, length);
    }

    @Override
    public int write(long position, byte[] source, int offset, int length) {
        requireStart(position);
        return write(source, offset, length);
    }

    private void requireStart(long position) {
        if (position != 0) {
            throw refuse(ESPIPE, "position " + position);
        }
    }
}
