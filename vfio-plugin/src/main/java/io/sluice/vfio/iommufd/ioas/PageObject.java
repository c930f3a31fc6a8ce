package io.sluice.vfio.iommufd.ioas;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.memory.AddressSpace;
import io.sluice.vfio.host.memory.HostFrames;
import io.sluice.vfio.host.memory.MemFile;
import io.sluice.vfio.host.memory.PageSource;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Pages from one source, which areas share that were copied from one another.
///
/// A page is pinned, and charged, from the first user that needs its frame to the last: an area whose IOAS has a
/// domain,
/// or a pin of an access. Users come and go by ranges; what they took as one they give back as one, so giving back
/// never
/// has to divide anything.
public final class PageObject {
    static final long PAGE = 4096;
    private static final Segment[] NONE = {};

    private final HostFrames frames;
    private final PageSource source;
    /// What it comes from, held as long as there is an area; null for a process' memory.
    private final @Nullable MemFile file;
    /// The device's memory that it is; null for any other, whose pages are the host's.
    private final @Nullable DeviceMemory device;
    /// Where the source begins in its file or process.
    private final long base;
    private final boolean writable;
    private Account account;

    private Segment[] segments = NONE;
    private int count;
    private long pinnedPages;
    /// Areas that it stands behind.
    private int areas;

    private PageObject(
            HostFrames frames,
            PageSource source,
            @Nullable MemFile file,
            @Nullable DeviceMemory device,
            long base,
            boolean writable,
            Account account) {
        this.frames = frames;
        this.source = source;
        this.file = file;
        this.device = device;
        this.base = base;
        this.writable = writable;
        this.account = account;
    }

    /// Pages of a process, from the one that holds `address` on.
    ///
    /// @param writable whether pages are pinned to be written
    public static PageObject ofMemory(
            HostFrames frames, AddressSpace memory, long address, boolean writable, Account account) {
        long base = pageOf(address);
        return new PageObject(frames, memory.pages(base), null, null, base, writable, account);
    }

    /// Pages of a file, from the one that holds the byte `start` on.
    public static PageObject ofFile(HostFrames frames, MemFile file, long start, boolean writable, Account account) {
        long base = pageOf(start);
        return new PageObject(frames, file.pages(base), file.retain(), null, base, writable, account);
    }

    /// A device's memory, from the page that holds the byte `start` on. It is pinned, and nobody pays.
    public static PageObject ofDevice(HostFrames frames, DeviceMemory device, long start, boolean writable) {
        long base = pageOf(start);
        PageSource source = (offset, length, write, sink) -> {
            var run = device.memory().part(base + offset, length);
            frames.pin(run.first(), run.length());
            sink.run(run.first(), run.length());
        };
        return new PageObject(frames, source, null, device, base, writable, Account.NOBODY);
    }

    /// Whether it is a device's memory, of which processors take no copies.
    boolean isDevice() {
        return device != null;
    }

    /// Whether it is memory that its device has back for now.
    boolean isRevoked() {
        return device != null && device.isRevoked();
    }

    /// Whether it is of a device's buffer.
    boolean isOf(Object buffer) {
        return device != null && device.isOf(buffer);
    }

    /// The byte `start` of it in its file or process.
    long address(long start) {
        return base + start;
    }

    public boolean isWritable() {
        return writable;
    }

    public boolean isFileBacked() {
        return file != null;
    }

    /// Pages that are pinned.
    public long pinnedPages() {
        return pinnedPages;
    }

    /// Who pays.
    public Account account() {
        return account;
    }

    /// Lets another pay for what is pinned, and for what will be. He has been charged already, and who paid before gets
    /// his own back from the caller.
    public void account(Account account) {
        this.account = account;
    }

    void gained() {
        areas++;
    }

    /// An area less; without any it is gone.
    void lost() {
        areas--;
        if (areas > 0) {
            return;
        }
        if (count != 0) {
            throw new IllegalStateException("pages without an area are pinned");
        }
        if (file != null) {
            file.release();
        }
        if (device != null) {
            device.unused();
        }
    }

    // ---- users

    private static long pageOf(long offset) {
        return offset & -PAGE;
    }

    private static long pageAfter(long offset) {
        return offset + PAGE - 1 & -PAGE;
    }

    /// One more user of the pages that bytes `[from, from + length)` lie in.
    ///
    /// @throws HostException EFAULT if the source does not have them, ENOMEM if the account refuses; then nothing
    /// changed
    void acquire(long from, long length) {
        acquirePages(pageOf(from), pageAfter(from + length));
    }

    private void acquirePages(long from, long to) {
        long at = from;
        int i = indexFrom(from);
        try {
            while (at < to) {
                if (i < count && segments[i].start <= at) {
                    if (segments[i].start < at) {
                        split(i++, at);
                    }
                    if (segments[i].end > to) {
                        split(i, to);
                    }
                    segments[i].users++;
                } else {
                    insert(i, pin(at, i < count ? Math.min(to, segments[i].start) : to));
                }
                at = segments[i++].end;
            }
        } catch (HostException e) {
            dropUsers(from, at);
            join(from);
            join(to);
            throw e;
        }
        edge(from, 1);
        edge(to, 1);
    }

    /// One user less of what was acquired by the same numbers.
    void release(long from, long length) {
        long first = pageOf(from);
        long end = pageAfter(from + length);
        dropUsers(first, end);
        edge(first, -1);
        edge(end, -1);
        join(first);
        join(end);
    }

    private Segment pin(long from, long to) {
        long pages = (to - from) / PAGE;
        account.charge(pages);
        var runs = new Runs(from);
        try {
            source.pin(from, to - from, writable, runs);
        } catch (HostException e) {
            account.giveBack(pages);
            throw e;
        }
        if (runs.end() != to) {
            throw new IllegalStateException("a source of pages told of fewer than it pinned");
        }
        pinnedPages += pages;
        return new Segment(from, to, 1, runs);
    }

    private void unpin(Segment segment) {
        segment.runs.unpin(frames, segment.start, segment.end);
        long pages = (segment.end - segment.start) / PAGE;
        pinnedPages -= pages;
        account.giveBack(pages);
    }

    // ---- segments

    /// The first segment that ends behind an offset.
    private int indexFrom(long offset) {
        int low = 0;
        int high = count;
        while (low < high) {
            int middle = low + high >>> 1;
            if (segments[middle].end <= offset) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private void insert(int index, Segment segment) {
        if (count == segments.length) {
            segments = count == 0 ? new Segment[1] : Arrays.copyOf(segments, 2 * count);
        }
        System.arraycopy(segments, index, segments, index + 1, count - index);
        segments[index] = segment;
        count++;
    }

    private void split(int index, long at) {
        var whole = segments[index];
        insert(index + 1, new Segment(at, whole.end, whole.users, whole.runs));
        whole.end = at;
    }

    private void dropUsers(long from, long to) {
        int first = indexFrom(from);
        int kept = first;
        int i = first;
        for (; i < count && segments[i].start < to; i++) {
            var segment = segments[i];
            if (--segment.users == 0) {
                unpin(segment);
            } else {
                segments[kept++] = segment;
            }
        }
        if (kept != i) {
            System.arraycopy(segments, i, segments, kept, count - i);
            int left = count - (i - kept);
            Arrays.fill(segments, left, count, null);
            count = left;
        }
    }

    private void edge(long at, int change) {
        int i = indexFrom(at);
        if (i < count && segments[i].start == at) {
            segments[i].edges += change;
        }
    }

    /// Makes one of the two segments that meet at an offset, if nothing needs them apart.
    private void join(long at) {
        int i = indexFrom(at);
        if (i == 0 || i == count) {
            return;
        }
        var before = segments[i - 1];
        var segment = segments[i];
        if (segment.start == at && segment.edges == 0 && before.end == at && before.runs == segment.runs) {
            before.end = segment.end;
            System.arraycopy(segments, i + 1, segments, i, count - i - 1);
            segments[--count] = null;
        }
    }

    // ---- frames

    /// Tells of the frames of bytes that a user holds.
    void tell(long from, long length, HostFrames.RunSink sink) {
        long at = from;
        long end = from + length;
        for (int i = indexFrom(from); at < end; i++) {
            long stop = Math.min(end, segments[i].end);
            segments[i].runs.tell(at, stop, sink);
            at = stop;
        }
    }

    /// Tells of frames that are pinned for this call only, and not charged, unless somebody holds them already.
    void glance(long from, long length, HostFrames.RunSink sink) {
        int i = indexFrom(pageOf(from));
        if (i < count && segments[i].start <= from && segments[i].end >= from + length) {
            segments[i].runs.tell(from, from + length, sink);
            return;
        }
        long first = pageOf(from);
        long end = pageAfter(from + length);
        var runs = new Runs(first);
        source.pin(first, end - first, writable, runs);
        try {
            runs.tell(from, from + length, sink);
        } finally {
            runs.unpin(frames, first, end);
        }
    }
}
