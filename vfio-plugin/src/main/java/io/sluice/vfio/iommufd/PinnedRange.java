package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.memory.HostFrames;
import io.sluice.vmm.memory.HostMemory;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/// Addresses of an IOAS that a software device has pinned, and the memory behind them, until they are given back; then
/// it is dead, and who still holds it moves not one byte. Any thread; reading and writing take no lock.
///
/// As with DMA (ADR 0006), what is moved is moved in pieces: the mover counts himself in and looks whether it is dead;
/// who kills it marks it dead and waits until nobody is counted in.
public final class PinnedRange {
    private static final int PIECE = 64 << 10;
    private static final int DEAD = 1 << 30;
    private static final int SPINS = 200;
    private static final VarHandle MOVERS;

    static {
        try {
            MOVERS = MethodHandles.lookup().findVarHandle(PinnedRange.class, "movers", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final HostFrames frames;
    private final long iova;
    private final long length;
    private final boolean readable;
    private final boolean writable;
    /// Where each run starts in the range, and its first frame.
    private final long[] starts;
    private final long[] firsts;

    @SuppressWarnings("unused") // by MOVERS
    private volatile int movers;

    PinnedRange(HostFrames frames, long iova, long length, boolean readable, boolean writable, Collector runs) {
        this.frames = frames;
        this.iova = iova;
        this.length = length;
        this.readable = readable;
        this.writable = writable;
        this.starts = Arrays.copyOf(runs.starts, runs.count);
        this.firsts = Arrays.copyOf(runs.firsts, runs.count);
    }

    /// Gathers runs while they are told of.
    static final class Collector implements HostFrames.RunSink {
        private long[] starts = new long[1];
        private long[] firsts = new long[1];
        private int count;
        private long length;

        @Override
        public void run(long first, long length) {
            if (count > 0 && firsts[count - 1] + (this.length - starts[count - 1]) == first) {
                this.length += length;
                return;
            }
            if (count == starts.length) {
                starts = Arrays.copyOf(starts, 2 * count);
                firsts = Arrays.copyOf(firsts, 2 * count);
            }
            starts[count] = this.length;
            firsts[count++] = first;
            this.length += length;
        }
    }

    public long iova() {
        return iova;
    }

    public long length() {
        return length;
    }

    public boolean isWritable() {
        return writable;
    }

    /// Whether it was given back.
    public boolean isDead() {
        return (movers & DEAD) != 0;
    }

    /// Whether it has some of the addresses.
    ///
    /// @param length -1 for all there are
    public boolean meets(long iova, long length) {
        long last = length == -1 ? -1 : iova + length - 1;
        return Long.compareUnsigned(this.iova, last) <= 0
                && Long.compareUnsigned(iova, this.iova + this.length - 1) <= 0;
    }

    /// How many runs of frames it is.
    public int runs() {
        return starts.length;
    }

    /// The frames of a run; to be used while it is not dead only, which whoever uses them has to see to.
    public HostFrames.Run run(int index) {
        long end = index + 1 < starts.length ? starts[index + 1] : length;
        return new HostFrames.Run(firsts[index], end - starts[index]);
    }

    // ---- moving

    /// Reads.
    ///
    /// @param iova in the range, with all of `count` bytes
    /// @return whether it was read; false if it may not be, or is dead
    public boolean read(long iova, byte[] target, int offset, int count) {
        return readable && move(iova, target, offset, count, false);
    }

    /// Writes, as [#read] reads.
    public boolean write(long iova, byte[] source, int offset, int count) {
        return writable && move(iova, source, offset, count, true);
    }

    private boolean move(long iova, byte[] bytes, int offset, int count, boolean writes) {
        long start = iova - this.iova;
        if (start < 0 || count < 0 || start > length - count) {
            return false;
        }
        for (int done = 0; done < count; ) {
            int piece = Math.min(PIECE, count - done);
            if (!movePiece(start + done, bytes, offset + done, piece, writes)) {
                return false;
            }
            done += piece;
        }
        return true;
    }

    private boolean movePiece(long start, byte[] bytes, int offset, int count, boolean writes) {
        try {
            if (((int) MOVERS.getAndAdd(this, 1) & DEAD) != 0) {
                return false;
            }
            int run = runOf(start);
            for (int done = 0; done < count; run++) {
                long at = start + done;
                long end = run + 1 < starts.length ? starts[run + 1] : length;
                int part = (int) Math.min(count - done, end - at);
                copy(firsts[run] + (at - starts[run]), bytes, offset + done, part, writes);
                done += part;
            }
            return true;
        } finally {
            MOVERS.getAndAdd(this, -1);
        }
    }

    private void copy(long frame, byte[] bytes, int offset, int count, boolean writes) {
        if (writes) {
            HostMemory.copy(bytes, offset, frames.address(frame), count);
            frames.memory(frame).watch().written(HostFrames.offset(frame), count);
        } else {
            HostMemory.copy(frames.address(frame), bytes, offset, count);
        }
    }

    private int runOf(long start) {
        int at = Arrays.binarySearch(starts, start);
        return at >= 0 ? at : -at - 2;
    }

    /// It is given back: when this returns, nobody reads or writes by it, and nobody will.
    void kill() {
        MOVERS.getAndBitwiseOr(this, DEAD);
        for (int i = 0; movers != DEAD; i++) {
            if (i < SPINS) {
                Thread.onSpinWait();
            } else {
                Thread.yield();
            }
        }
    }
}
