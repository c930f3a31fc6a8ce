package io.sluice.vfio.iommufd.ioas;

import io.sluice.vfio.host.memory.HostFrames;
import java.util.Arrays;

/// Frames that were pinned in one go: which frame is at which offset of the page object. Filled while they are pinned,
/// never changed after that; the segments that share it remember which part of it is still held.
final class Runs implements HostFrames.RunSink {
    private static final long[] NONE = {};

    private final long start;
    private long end;
    private long frame;
    /// Offset and frame of each run but the first; empty if there is one only, as with a file of memory.
    private long[] more = NONE;
    private int used;

    /// @param start the offset of the first frame
    Runs(long start) {
        this.start = start;
        this.end = start;
    }

    @Override
    public void run(long first, long length) {
        if (end == start) {
            frame = first;
        } else {
            if (used == more.length) {
                more = Arrays.copyOf(more, Math.max(8, 2 * used));
            }
            more[used] = end;
            more[used + 1] = first;
            used += 2;
        }
        end += length;
    }

    long end() {
        return end;
    }

    /// Tells of the frames of `[from, to)`.
    void tell(long from, long to, HostFrames.RunSink sink) {
        int index = indexOf(from);
        long at = from;
        while (at < to) {
            long runStart = index < 0 ? start : more[index];
            long runFrame = index < 0 ? frame : more[index + 1];
            int next = index < 0 ? 0 : index + 2;
            long stop = Math.min(to, next < used ? more[next] : end);
            sink.run(runFrame + (at - runStart), stop - at);
            at = stop;
            index = next;
        }
    }

    /// Lets go of `[from, to)`.
    void unpin(HostFrames frames, long from, long to) {
        if (used == 0) {
            frames.unpin(frame + (from - start), to - from);
            return;
        }
        tell(from, to, frames::unpin);
    }

    /// Where in [#more] the run of an offset is; -2 if it is the first.
    private int indexOf(long offset) {
        int low = 0;
        int high = used >> 1;
        while (low < high) {
            int middle = low + high >>> 1;
            if (more[2 * middle] <= offset) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return 2 * (low - 1);
    }
}
