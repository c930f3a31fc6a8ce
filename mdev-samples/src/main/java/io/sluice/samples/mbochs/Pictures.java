package io.sluice.samples.mbochs;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.vfio.DmaBuf;
import io.sluice.vfio.vfio.VfioMemory;
import io.sluice.vmm.memory.GuestRam;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/// The pictures that were asked about, and their dma-bufs. A mode keeps its id; a guest that changes modes for ever
/// pushes the oldest out.
final class Pictures {
    static final int MOST = 64;
    private static final long IN_PAGE = GuestRam.PAGE_SIZE - 1;

    private final GuestRam memory;
    private final Deque<Picture> known = new ArrayDeque<>();
    private int next = 1;

    private static final class Picture {
        private final int id;
        private final Dispi.Mode mode;
        private @Nullable DmaBuf exported;

        Picture(int id, Dispi.Mode mode) {
            this.id = id;
            this.mode = mode;
        }

        void revoke() {
            if (exported != null) {
                exported.revoke();
            }
        }
    }

    Pictures(GuestRam memory) {
        this.memory = memory;
    }

    /// The id of the dma-buf that shows `mode`, from 1 on.
    int idOf(Dispi.Mode mode) {
        for (var picture : known) {
            if (picture.mode.equals(mode)) {
                return picture.id;
            }
        }
        if (known.size() == MOST) {
            known.removeFirst().revoke();
        }
        var picture = new Picture(next++, mode);
        known.addLast(picture);
        return picture.id;
    }

    /// @throws HostException ENOENT if there is none of this id, EINVAL if the picture does not start at a page
    DmaBuf export(int id) {
        for (var picture : known) {
            if (picture.id == id) {
                return export(picture);
            }
        }
        throw new HostException(Errno.ENOENT, "dma-buf " + id);
    }

    private DmaBuf export(Picture picture) {
        var made = picture.exported;
        if (made == null) {
            if ((picture.mode.offset() & IN_PAGE) != 0) {
                throw new HostException(Errno.EINVAL, "the picture does not start at a page");
            }
            long length = picture.mode.size() + IN_PAGE & ~IN_PAGE;
            made = new DmaBuf(new VfioMemory(memory, picture.mode.offset(), length));
            picture.exported = made;
        }
        return made;
    }

    /// Whoever has a dma-buf reads nothing by it any more.
    void revokeAll() {
        known.forEach(Picture::revoke);
        known.clear();
        next = 1;
    }
}
