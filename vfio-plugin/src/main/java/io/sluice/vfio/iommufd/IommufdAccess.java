package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EBUSY;
import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.ENOENT;
import static io.sluice.vfio.host.Errno.EOVERFLOW;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.memory.HostFrames;
import io.sluice.vmm.memory.HostMemory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A software device's way to the memory of an IOAS: it pins what it uses for longer, and copies what it uses once.
/// Holds the context's file. Any thread.
public final class IommufdAccess extends IommuObject {
    private static final int PAGE_SHIFT = 12;
    private static final long PAGE = 1 << PAGE_SHIFT;
    /// Bytes that are copied without giving the lock away.
    private static final int PIECE = 64 << 10;

    private final Iommufd context;
    private final AccessOps ops;
    private final Set<PinnedRange> pins = Collections.newSetFromMap(new IdentityHashMap<>());

    /// Where pins are taken; null while it is on its way from one to another.
    private @Nullable Ioas ioas;

    /// Where pins are given back.
    private @Nullable Ioas pinned;

    /// Threads that are telling it of an unmapping.
    private final List<Thread> tellers = new ArrayList<>();

    private IommufdAccess(Iommufd context, AccessOps ops) {
        this.context = context;
        this.ops = ops;
        users = 2;
    }

    /// Lets a software device into a context, for the one who presents the files of both. It is attached to nothing.
    public static IommufdAccess create(Iommufd context, AccessOps ops) {
        context.retain();
        try {
            synchronized (context.lock) {
                int id = context.objects.reserve();
                try {
                    context.steps().pass("iommufd.access.object");
                } catch (HostException e) {
                    context.objects.abandon(id);
                    throw e;
                }
                var access = new IommufdAccess(context, ops);
                context.objects.publish(id, access);
                return access;
            }
        } catch (HostException e) {
            context.drop();
            throw e;
        }
    }

    /// Its id in the context.
    public int id() {
        return id;
    }

    public Iommufd context() {
        return context;
    }

    // ---- attach, replace, detach

    /// Attaches it to an IOAS.
    ///
    /// @throws HostException ENOENT without such an IOAS, EINVAL if it is attached, EADDRINUSE if it pins pages and
    ///     something mapped is not whole pages
    public void attach(int ioasId) {
        synchronized (context.lock) {
            requireDetached();
            enterFirst(context.objects.get(ioasId, Ioas.class));
        }
    }

    /// Attaches it to the IOAS that stands for a container of vfio's.
    ///
    /// @return the id of that IOAS
    /// @throws HostException ENODEV without such an IOAS, and as [#attach]
    public int attachCompat() {
        synchronized (context.lock) {
            requireDetached();
            var target = context.requireCompat();
            enterFirst(target);
            return target.id;
        }
    }

    private void requireDetached() {
        if (pinned != null || ioas != null) {
            throw new HostException(EINVAL, this + " is attached");
        }
    }

    private void enterFirst(Ioas target) {
        enter(target);
        ioas = target;
        pinned = target;
    }

    /// Moves it from the IOAS that it is attached to, to another. Its pins in the old one are given back before this
    /// returns.
    ///
    /// @throws HostException ENOENT without such an IOAS or if it is attached to none, EBUSY if it is on its way
    /// already,
    ///     EADDRINUSE as [#attach]; then it is where it was
    public void replace(int ioasId) {
        Ioas old;
        Ioas target;
        synchronized (context.lock) {
            old = pinned;
            if (old == null) {
                throw new HostException(ENOENT, this + " is not attached");
            }
            if (ioas != old) {
                throw new HostException(EBUSY, this + " is being moved");
            }
            target = context.objects.get(ioasId, Ioas.class);
            if (target == old) {
                return;
            }
            enter(target);
            ioas = null;
            tellers.add(Thread.currentThread());
        }
        leave(old, target);
    }

    /// Detaches it, if it is attached. Its pins are given back before this returns.
    ///
    /// @throws HostException EBUSY if it is on its way already
    public void detach() {
        Ioas old;
        synchronized (context.lock) {
            old = pinned;
            if (old == null) {
                return;
            }
            if (ioas != old) {
                throw new HostException(EBUSY, this + " is being moved");
            }
            ioas = null;
            tellers.add(Thread.currentThread());
        }
        leave(old, null);
    }

    private void enter(Ioas target) {
        context.steps().pass("iommufd.access.attach");
        if (ops.needsPinPages()) {
            target.space.addPinUser();
        }
        target.accesses.add(this);
        target.users++;
    }

    private void leave(Ioas old, @Nullable Ioas target) {
        ops.unmapped(0, -1);
        synchronized (context.lock) {
            tellers.remove(Thread.currentThread());
            List.copyOf(pins).forEach(this::drop);
            if (ops.needsPinPages()) {
                old.space.removePinUser();
            }
            old.accesses.remove(this);
            old.users--;
            pinned = target;
            ioas = target;
            context.lock.notifyAll();
        }
    }

    /// The id of the IOAS that it is attached to; 0 if it is attached to none.
    public int attachedTo() {
        synchronized (context.lock) {
            return ioas == null ? 0 : ioas.id;
        }
    }

    /// Lets the context go; nothing may be under way with it but unmappings, which are waited for.
    public void destroy() {
        detach();
        synchronized (context.lock) {
            awaitTellers();
            users--;
            context.objects.remove(this);
        }
        context.drop();
    }

    /// Others may be in the middle of telling it of an unmapping; what they call waits for nothing, so this does not
    /// for long.
    private void awaitTellers() {
        boolean interrupted = false;
        while (tellers.stream().anyMatch(thread -> !thread.equals(Thread.currentThread()))) {
            try {
                context.lock.wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    void destroyed() {}

    // ---- pins

    private Ioas attached() {
        var to = ioas;
        if (to == null) {
            throw new HostException(ENOENT, this + " is not attached");
        }
        return to;
    }

    private static long lastOf(long iova, long length) {
        if (length == 0) {
            throw new HostException(EINVAL, "no length");
        }
        long last = iova + length - 1;
        if (length < 0 || Long.compareUnsigned(last, iova) < 0) {
            throw new HostException(EOVERFLOW, "IOVA 0x" + Long.toHexString(iova));
        }
        return last;
    }

    /// Pins whole pages.
    ///
    /// @throws HostException EINVAL for no length, parts of pages, or what is being unmapped; EOVERFLOW; ENOENT for a
    /// hole
    ///     or if it is not attached; EPERM if some of it may not be written, or read; EFAULT, ENOMEM if pages cannot be
    ///     had; then nothing is pinned
    public PinnedRange pin(long iova, long length, boolean write) {
        long last = lastOf(iova, length);
        if (((iova | length) & PAGE - 1) != 0 || !ops.needsPinPages()) {
            throw new HostException(EINVAL, "parts of pages cannot be pinned");
        }
        synchronized (context.lock) {
            var space = attached();
            context.steps().pass("iommufd.access.pinned_range");
            var runs = new PinnedRange.Collector();
            boolean readable = space.pins.pin(iova, last, write, runs);
            var range = new PinnedRange(context.frames(), iova, length, readable, write, runs);
            pins.add(range);
            return range;
        }
    }

    /// Gives a pin back. When it returns, nobody reads or writes by it.
    ///
    /// @return whether it was pinned
    public boolean unpin(PinnedRange range) {
        synchronized (context.lock) {
            if (!pins.contains(range)) {
                return false;
            }
            drop(range);
            return true;
        }
    }

    private void drop(PinnedRange range) {
        pins.remove(range);
        range.kill();
        if (pinned == null) {
            throw new IllegalStateException(this + " has pins and no IOAS");
        }
        pinned.pins.unpin(range.iova(), range.iova() + range.length() - 1);
        pinned.accessed(range.iova(), range.iova() + range.length() - 1);
    }

    /// Gives back every pin that has some of the addresses: what [AccessOps#unmapped] has to do.
    ///
    /// @param length -1 for all there are
    public void unpinAll(long iova, long length) {
        synchronized (context.lock) {
            for (var range : List.copyOf(pins)) {
                if (range.meets(iova, length)) {
                    drop(range);
                }
            }
        }
    }

    /// Tells of the pages of a range that it has pinned. The lock is held.
    void tellPinned(long first, long last, Iommufd.PageSink sink) {
        for (var range : pins) {
            if (range.meets(first, last - first + 1)) {
                long end = range.iova() + range.length() - 1;
                long from = Long.compareUnsigned(range.iova(), first) < 0 ? first : range.iova();
                long to = Long.compareUnsigned(end, last) > 0 ? last : end;
                sink.pages(from, (to - from >>> PAGE_SHIFT) + 1);
            }
        }
    }

    /// How many pins it has.
    public int pinCount() {
        synchronized (context.lock) {
            return pins.size();
        }
    }

    // ---- copies

    /// Copies from memory, of any address and length.
    ///
    /// @throws HostException as [#pin]; then what comes before it may have been copied
    public void read(long iova, byte[] target, int offset, int length) {
        copy(iova, target, offset, length, false);
    }

    /// Copies to memory, as [#read].
    public void write(long iova, byte[] source, int offset, int length) {
        copy(iova, source, offset, length, true);
    }

    private void copy(long iova, byte[] bytes, int offset, int length, boolean writes) {
        lastOf(iova, length);
        for (int done = 0; done < length; ) {
            int piece = (int) Math.min(PIECE - (iova + done & PIECE - 1), length - done);
            synchronized (context.lock) {
                var copier = new Copier(context.frames(), bytes, offset + done, writes);
                var to = attached();
                to.pins.glance(iova + done, iova + done + piece - 1, writes, copier);
                if (writes) {
                    to.accessed(iova + done, iova + done + piece - 1);
                }
            }
            done += piece;
        }
    }

    private static final class Copier implements HostFrames.RunSink {
        private final HostFrames frames;
        private final byte[] bytes;
        private final boolean writes;
        private int at;

        Copier(HostFrames frames, byte[] bytes, int at, boolean writes) {
            this.frames = frames;
            this.bytes = bytes;
            this.at = at;
            this.writes = writes;
        }

        @Override
        public void run(long first, long length) {
            int count = (int) length;
            if (writes) {
                HostMemory.copy(bytes, at, frames.address(first), count);
                frames.memory(first).watch().written(HostFrames.offset(first), count);
            } else {
                HostMemory.copy(frames.address(first), bytes, at, count);
            }
            at += count;
        }
    }

    // ---- unmapping

    /// Those that are to be told of an unmapping; they stay until [#leave]. The lock is held.
    static List<IommufdAccess> visit(List<IommufdAccess> accesses) {
        var asked = List.copyOf(accesses);
        asked.forEach(access -> access.tellers.add(Thread.currentThread()));
        return asked;
    }

    /// They were told. The lock is held.
    static void leave(Iommufd context, List<IommufdAccess> asked) {
        asked.forEach(access -> access.tellers.remove(Thread.currentThread()));
        context.lock.notifyAll();
    }

    /// Tells it; the lock is not held.
    void tellUnmapped(long iova, long length) {
        ops.unmapped(iova, length);
    }

    @Override
    String kind() {
        return "access";
    }
}
