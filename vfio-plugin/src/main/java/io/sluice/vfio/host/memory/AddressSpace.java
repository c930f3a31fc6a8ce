package io.sluice.vfio.host.memory;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vmm.memory.HostMemory;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The memory of a process: mappings of files, and pages of its own that it shares with its children until one of them
/// writes. Addresses are the process' own. Any thread.
///
/// A pinned page stays the process' page: pinning makes a private page its own first, and a child gets a copy of what
/// is
/// pinned, so that what a device does and what the process sees are the same memory.
public final class AddressSpace {
    public static final int PAGE = HostPages.PAGE;

    private static final long FIRST = 0x7000_0000_0000L;
    private static final long LAST = 0x7FFF_FFFF_0000L;
    private static final long ABSENT = -1;

    /// A range with one kind of memory behind it. What is private has pages of its own, from the file or zeroed.
    private static final class Vma {
        final long start;
        final long end;
        final boolean writable;
        final @Nullable MemFile file;
        final long fileStart;
        /// Null if the file is shared.
        final long @Nullable [] own;

        Vma(long start, long end, boolean writable, @Nullable MemFile file, long fileStart, long @Nullable [] own) {
            this.start = start;
            this.end = end;
            this.writable = writable;
            this.file = file;
            this.fileStart = fileStart;
            this.own = own;
        }

        int page(long at) {
            return (int) ((at - start) / PAGE);
        }
    }

    private final HostFrames frames;
    private final HostPages pages;
    private final TreeMap<Long, Vma> vmas = new TreeMap<>();
    private boolean dead;
    private long locked;
    private long pinned;

    public AddressSpace(HostFrames frames, HostPages pages) {
        this.frames = frames;
        this.pages = pages;
    }

    // ---- mappings

    /// Maps zeroed memory of the process' own.
    ///
    /// @param length bytes, whole pages
    /// @return where it is
    public synchronized long map(long length, boolean writable) {
        return place(length, writable, null, 0, true);
    }

    /// Maps a part of a file.
    ///
    /// @param shared whether writes go to the file
    /// @return where it is, as far from a multiple of 1 GiB as the place in the file
    public synchronized long map(MemFile file, long start, long length, boolean shared, boolean writable) {
        return place(length, writable, file, start, !shared);
    }

    private long place(long length, boolean writable, @Nullable MemFile file, long start, boolean isPrivate) {
        requirePages(start, length);
        long at = hole(length, start);
        add(at, length, writable, file, start, isPrivate);
        return at;
    }

    /// Maps at a given place, over what is there.
    ///
    /// @param file null for memory of the process' own
    public synchronized void mapAt(
            long at, @Nullable MemFile file, long start, long length, boolean shared, boolean writable) {
        requirePages(at, length);
        requirePages(start, length);
        unmap(at, length);
        add(at, length, writable, file, start, file == null || !shared);
    }

    private void add(long at, long length, boolean writable, @Nullable MemFile file, long start, boolean isPrivate) {
        if (dead) {
            throw new HostException(Errno.ENOMEM, "the process is gone");
        }
        if (file != null) {
            file.retain();
        }
        long[] own = null;
        if (isPrivate) {
            own = new long[Math.toIntExact(length / PAGE)];
            Arrays.fill(own, ABSENT);
        }
        vmas.put(at, new Vma(at, at + length, writable, file, start, own));
    }

    private static void requirePages(long at, long length) {
        if (length <= 0 || ((at | length) & PAGE - 1) != 0) {
            throw new HostException(Errno.EINVAL, "map 0x" + Long.toHexString(at) + " + " + length);
        }
    }

    private long hole(long length, long like) {
        long aligned = 1L << 30;
        long at = FIRST + like % aligned;
        for (var vma : vmas.values()) {
            if (vma.start >= at + length) {
                break;
            }
            if (vma.end > at) {
                at += (vma.end - at + aligned - 1) / aligned * aligned;
            }
        }
        if (at > LAST - length) {
            throw new HostException(Errno.ENOMEM, "no room for " + length + " bytes");
        }
        return at;
    }

    /// Unmaps whatever is in a range. What is pinned of it stays pinned, and nobody's.
    public synchronized void unmap(long at, long length) {
        requirePages(at, length);
        long end = at + length;
        for (var vma : vmas.values().toArray(Vma[]::new)) {
            if (vma.start < end && vma.end > at) {
                vmas.remove(vma.start);
                keep(vma, vma.start, at);
                keep(vma, end, vma.end);
                drop(vma, Math.max(at, vma.start), Math.min(end, vma.end));
            }
        }
    }

    /// Puts a part of what was one mapping back as one of its own.
    private void keep(Vma from, long start, long end) {
        if (start < end) {
            var own = from.own == null ? null : Arrays.copyOfRange(from.own, from.page(start), from.page(end));
            var file = from.file == null ? null : from.file.retain();
            vmas.put(start, new Vma(start, end, from.writable, file, from.fileStart + start - from.start, own));
        }
    }

    private void drop(Vma vma, long start, long end) {
        if (vma.own != null) {
            for (int page = vma.page(start); page < vma.page(end); page++) {
                if (vma.own[page] != ABSENT) {
                    pages.drop(vma.own[page]);
                }
            }
        }
        if (vma.file != null) {
            vma.file.release();
        }
    }

    private Vma find(long at) {
        Map.Entry<Long, Vma> entry = vmas.floorEntry(at);
        if (dead || entry == null || entry.getValue().end <= at) {
            throw fault(at);
        }
        return entry.getValue();
    }

    private static HostException fault(long at) {
        return new HostException(Errno.EFAULT, "address 0x" + Long.toHexString(at));
    }

    // ---- what the process does

    /// @throws HostException EFAULT if some of it is not mapped
    public synchronized void read(long at, byte[] target, int offset, int length) {
        for (int done = 0; done < length; ) {
            var vma = find(at + done);
            int count = (int) Math.min(length - done, PAGE - (at + done & PAGE - 1));
            long frame = present(vma, at + done);
            HostMemory.copy(frames.address(frame) + (at + done & PAGE - 1), target, offset + done, count);
            done += count;
        }
    }

    /// @throws HostException EFAULT if some of it may not be written; then what comes before it is written
    public synchronized void write(long at, byte[] source, int offset, int length) {
        for (int done = 0; done < length; ) {
            var vma = find(at + done);
            if (!vma.writable) {
                throw fault(at + done);
            }
            int count = (int) Math.min(length - done, PAGE - (at + done & PAGE - 1));
            long frame = vma.own == null ? present(vma, at + done) : ownPage(vma, at + done);
            HostMemory.copy(source, offset + done, frames.address(frame) + (at + done & PAGE - 1), count);
            frames.memory(frame).watch().written(HostFrames.offset(frame) + (at + done & PAGE - 1), count);
            done += count;
        }
    }

    /// The frame behind a page, brought in if it is not there.
    private long present(Vma vma, long at) {
        if (vma.own == null) {
            return fileFrame(vma, at);
        }
        int page = vma.page(at);
        if (vma.own[page] == ABSENT) {
            return vma.file == null ? ownPage(vma, at) : fileFrame(vma, at);
        }
        return vma.own[page];
    }

    private static long fileFrame(Vma vma, long at) {
        var file = java.util.Objects.requireNonNull(vma.file);
        long offset = vma.fileStart + (at - vma.start & -(long) PAGE);
        if (offset >= file.size()) {
            throw fault(at);
        }
        return file.frames().first() + offset;
    }

    /// The page that is this process' alone; a copy if others have it too.
    private long ownPage(Vma vma, long at) {
        var own = java.util.Objects.requireNonNull(vma.own);
        int page = vma.page(at);
        long old = own[page];
        if (old != ABSENT && !pages.isShared(old)) {
            return old;
        }
        long from = old != ABSENT ? old : vma.file == null ? ABSENT : fileFrame(vma, at);
        long copy = pages.allocate();
        if (from != ABSENT) {
            HostMemory.copy(frames.address(from), frames.address(copy), PAGE);
        }
        own[page] = copy;
        if (old != ABSENT) {
            pages.drop(old);
        }
        return copy;
    }

    // ---- pins

    /// The pages from an address on, as they are when they are pinned.
    public PageSource pages(long at) {
        return (offset, length, write, sink) -> pin(at + offset, length, write, sink);
    }

    private synchronized void pin(long at, long length, boolean write, HostFrames.RunSink sink) {
        long runFirst = 0;
        long runLength = 0;
        long done = 0;
        try {
            while (done < length) {
                var vma = find(at + done);
                if (write && !vma.writable) {
                    throw fault(at + done);
                }
                long count = vma.own == null ? Math.min(length - done, vma.end - at - done) : PAGE;
                long first = vma.own == null ? fileRun(vma, at + done, count) : ownPage(vma, at + done);
                frames.pin(first, count);
                if (runLength > 0 && runFirst + runLength == first) {
                    runLength += count;
                } else {
                    if (runLength > 0) {
                        sink.run(runFirst, runLength);
                    }
                    runFirst = first;
                    runLength = count;
                }
                done += count;
            }
        } catch (HostException e) {
            unpin(at, done);
            throw e;
        }
        sink.run(runFirst, runLength);
    }

    private static long fileRun(Vma vma, long at, long length) {
        long first = fileFrame(vma, at);
        fileFrame(vma, at + length - PAGE);
        return first;
    }

    /// Takes back what a pin that failed had pinned; nothing has changed since.
    private void unpin(long at, long length) {
        for (long done = 0; done < length; done += PAGE) {
            frames.unpin(present(find(at + done), at + done), PAGE);
        }
    }

    // ---- what is charged to it, in pages

    /// Charges locked pages (VmLck), or gives them back if negative.
    public synchronized void chargeLocked(long count) {
        locked += count;
    }

    /// Charges pinned pages (VmPin), or gives them back if negative.
    public synchronized void chargePinned(long count) {
        pinned += count;
    }

    public synchronized long lockedPages() {
        return locked;
    }

    public synchronized long pinnedPages() {
        return pinned;
    }

    // ---- life

    /// What a child has after fork(2).
    public synchronized AddressSpace fork() {
        if (dead) {
            throw new HostException(Errno.ENOMEM, "the process is gone");
        }
        var child = new AddressSpace(frames, pages);
        try {
            vmas.values().forEach(vma -> child.inherit(vma));
            return child;
        } catch (HostException e) {
            child.release();
            throw e;
        }
    }

    private void inherit(Vma vma) {
        add(vma.start, vma.end - vma.start, vma.writable, vma.file, vma.fileStart, vma.own != null);
        var own = find(vma.start).own;
        if (vma.own != null && own != null) {
            for (int page = 0; page < own.length; page++) {
                own[page] = inherit(vma.own[page]);
            }
        }
    }

    private long inherit(long page) {
        if (page == ABSENT) {
            return ABSENT;
        }
        if (frames.pins(page) == 0) {
            pages.share(page);
            return page;
        }
        long copy = pages.allocate();
        HostMemory.copy(frames.address(page), frames.address(copy), PAGE);
        return copy;
    }

    /// The process is gone or has become another program: nothing is mapped any more, ever.
    public synchronized void release() {
        for (var vma : vmas.values()) {
            drop(vma, vma.start, vma.end);
        }
        vmas.clear();
        dead = true;
    }

    public synchronized boolean isDead() {
        return dead;
    }
}
