package io.sluice.vfio.iommufd.ioas;

import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.EPERM;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.memory.HostFrames;

/// What software devices do with the areas of an IOAS: pin parts of them, or look at them.
public final class AreaPins {
    private final IovaSpace space;
    private final Steps steps;

    public AreaPins(IovaSpace space, Steps steps) {
        this.space = space;
        this.steps = steps;
    }

    private static long from(Area area, long first) {
        return Long.compareUnsigned(area.first(), first) < 0 ? first : area.first();
    }

    private static long length(Area area, long first, long last) {
        long to = Long.compareUnsigned(area.last(), last) > 0 ? last : area.last();
        return to - from(area, first) + 1;
    }

    /// @throws HostException ENOENT for a hole, EINVAL if some of it is being unmapped, EPERM if it may not be written
    ///     (or read)
    private void check(long first, long last, boolean read, boolean write) {
        space.eachArea(first, last, area -> {
            if (area.closed || area.pages.isDevice()) {
                throw new HostException(EINVAL, area + (area.closed ? " is being unmapped" : " is a device's"));
            }
            if (write && !area.writable || read && !area.readable) {
                throw new HostException(EPERM, area + " may not be " + (write ? "written" : "read"));
            }
        });
    }

    /// Pins a range of whole pages, so that its areas stay until [#unpin].
    ///
    /// @return whether all of it may be read
    public boolean pin(long first, long last, boolean write, HostFrames.RunSink frames) {
        check(first, last, !write, write);
        var done = new Object() {
            long next = first;
            boolean readable = true;
        };
        try {
            space.eachArea(first, last, area -> {
                steps.pass("iommufd.access.pin");
                area.pages.acquire(area.offset(from(area, first)), length(area, first, last));
                area.accesses++;
                done.next = area.last + 1;
                done.readable &= area.readable;
            });
        } catch (HostException e) {
            if (done.next != first) {
                unpin(first, done.next - 1);
            }
            throw e;
        }
        space.eachArea(
                first,
                last,
                area -> area.pages.tell(area.offset(from(area, first)), length(area, first, last), frames));
        return done.readable;
    }

    /// Lets go of what was pinned by the same numbers.
    public void unpin(long first, long last) {
        space.eachArea(first, last, area -> {
            area.accesses--;
            area.pages.release(area.offset(from(area, first)), length(area, first, last));
        });
    }

    /// Tells of the frames of a range, which are there for this call only.
    public void glance(long first, long last, boolean write, HostFrames.RunSink frames) {
        check(first, last, !write, write);
        space.eachArea(
                first,
                last,
                area -> area.pages.glance(area.offset(from(area, first)), length(area, first, last), frames));
    }

    /// Keeps the areas of a range from being unmapped at all, until [#unlock].
    public void lock(long first, long last) {
        space.eachArea(first, last, area -> area.locks++);
    }

    public void unlock(long first, long last) {
        space.eachArea(first, last, area -> area.locks--);
    }
}
