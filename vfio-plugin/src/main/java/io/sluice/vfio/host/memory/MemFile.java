package io.sluice.vfio.host.memory;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vmm.memory.GuestRam;
import io.sluice.vmm.memory.HostMemory;

/// A file of memory, as memfd_create(2) makes; guest RAM is one. It has a size, and its pages follow one another, so
/// that large parts of it are large pages of an IOMMU. It goes when nobody refers to it and nothing of it is pinned.
/// Any thread.
public final class MemFile {
    private final HostFrames frames;
    private final GuestRam ram;
    private final boolean owned;
    private final HostFrames.Run all;
    private long size;
    private int references = 1;

    private MemFile(HostFrames frames, GuestRam ram, boolean owned, long size) {
        this.frames = frames;
        this.ram = ram;
        this.owned = owned;
        this.size = size;
        this.all = frames.add(ram);
    }

    /// A zeroed file, to which the caller refers.
    ///
    /// @param bytes its size, rounded up to whole pages in memory; it never grows beyond that
    public static MemFile create(HostFrames frames, long bytes) {
        long rounded = bytes + HostPages.PAGE - 1 & -(long) HostPages.PAGE;
        return new MemFile(frames, GuestRam.allocate(Math.max(rounded, HostPages.PAGE)), true, bytes);
    }

    /// A virtual machine's memory, which outlives the file.
    public static MemFile of(HostFrames frames, GuestRam ram) {
        return new MemFile(frames, ram, false, ram.size());
    }

    /// Bytes.
    public synchronized long size() {
        return size;
    }

    /// What the file's memory is in the host.
    public HostFrames.Run frames() {
        return all;
    }

    /// Makes the file shorter, or as long as it was at most. What is cut off reads as zeros when it comes back; what a
    /// device was given of it stays the device's until it is taken back.
    ///
    /// @throws HostException EINVAL beyond its first size; EBUSY if what comes back is still pinned
    public synchronized void truncate(long bytes) {
        if (bytes < 0 || bytes > all.length()) {
            throw new HostException(Errno.EINVAL, "truncate to " + bytes + " bytes");
        }
        if (bytes > size) {
            long from = size + HostPages.PAGE - 1 & -(long) HostPages.PAGE;
            if (from < all.length() && frames.pinned(all.first() + from, all.length() - from) != 0) {
                throw new HostException(Errno.EBUSY, "a part that was cut off is still pinned");
            }
            HostMemory.fill(ram.base() + size, bytes - size, 0);
        }
        size = bytes;
    }

    /// One more refers to the file.
    public synchronized MemFile retain() {
        if (references == 0) {
            throw new IllegalStateException("the file is gone");
        }
        references++;
        return this;
    }

    /// One less refers to the file.
    public synchronized void release() {
        if (references == 0) {
            throw new IllegalStateException("more let go of the file than had it");
        }
        references--;
        if (references == 0) {
            frames.removeWhenIdle(all, owned ? ram::close : () -> {});
        }
    }

    /// The pages from `start` on.
    ///
    /// @param start bytes, whole pages
    public PageSource pages(long start) {
        return (offset, length, write, sink) -> {
            synchronized (this) {
                long from = start + offset;
                if (from < 0 || length <= 0 || from > size - length || references == 0) {
                    throw new HostException(Errno.EINVAL, "beyond the end of the file");
                }
                frames.pin(all.first() + from, length);
                sink.run(all.first() + from, length);
            }
        };
    }

    /// @throws HostException EFAULT beyond the end
    public void read(long at, byte[] target, int offset, int length) {
        requireInside(at, length);
        ram.read(at, target, offset, length);
    }

    /// @throws HostException EFAULT beyond the end
    public void write(long at, byte[] source, int offset, int length) {
        requireInside(at, length);
        ram.write(at, source, offset, length);
    }

    private synchronized void requireInside(long at, int length) {
        if (at < 0 || at > size - length) {
            throw new HostException(Errno.EFAULT, "beyond the end of the file");
        }
    }
}
