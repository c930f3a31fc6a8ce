package io.sluice.vmm.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/// Which pages of one RAM hold decoded code, and who must hear of a write to them.
///
/// A vCPU marks a page *before* it decodes from it and drops its cached write translations of that page; a writer
/// stores first and looks at the mark after, with a fence between. So either the decoder sees the new bytes or the
/// listener hears of the write (`WriteWatchStress`).
public final class WriteWatch {
    /// Told on the writing thread; must only note the page and make the vCPU look.
    public interface Listener {
        /// @param page index of the page in this RAM
        /// @param first first byte written within the page
        /// @param last last byte written within the page
        void written(int page, int first, int last);
    }

    private static final VarHandle MARK = MethodHandles.arrayElementVarHandle(byte[].class);

    private final byte[] marks;
    private final List<Listener> listeners = new CopyOnWriteArrayList<>();

    WriteWatch(int pages) {
        marks = new byte[pages];
    }

    public void listen(Listener listener) {
        listeners.add(listener);
    }

    /// Tells `listener` no more.
    public void forget(Listener listener) {
        listeners.remove(listener);
    }

    public boolean isWatched(int page) {
        return (byte) MARK.getVolatile(marks, page) != 0;
    }

    public void mark(int page) {
        MARK.setVolatile(marks, page, (byte) 1);
    }

    /// No code is left in the page, as far as the caller knows. With several listeners the mark stays: another may
    /// have code there.
    public void unmark(int page) {
        if (listeners.size() <= 1) {
            MARK.setVolatile(marks, page, (byte) 0);
        }
    }

    /// Reports that `[offset, offset + length)` was written.
    public void written(long offset, long length) {
        if (length <= 0) {
            return;
        }
        VarHandle.fullFence();
        long last = offset + length - 1;
        for (int page = (int) (offset >> GuestRam.PAGE_SHIFT); page <= last >> GuestRam.PAGE_SHIFT; page++) {
            if (isWatched(page)) {
                long start = (long) page << GuestRam.PAGE_SHIFT;
                int from = (int) Math.max(0, offset - start);
                int to = (int) Math.min(GuestRam.PAGE_SIZE - 1L, last - start);
                for (var listener : listeners) {
                    listener.written(page, from, to);
                }
            }
        }
    }
}
