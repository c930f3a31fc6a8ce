package io.sluice.vfio.host.memory;

import io.sluice.vmm.memory.GuestRam;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The memory of the simulated host: what frames in page tables name.
///
/// A frame is the number of a memory, from bit 48 on, and an offset within it. Whoever lets a device at frames pins
/// them first; a memory that has pins stays where it is. Any thread.
public final class HostFrames {
    private static final int NUMBER_SHIFT = 48;
    private static final int MOST = 1 << 14;
    private static final long OFFSET = (1L << NUMBER_SHIFT) - 1;

    private final PinLedger pins = new PinLedger();
    private volatile @Nullable GuestRam[] memories = {};
    private volatile long[] bases = {};

    /// Frames that follow one another.
    ///
    /// @param first the first frame, as it stands in a page table
    /// @param length bytes
    public record Run(long first, long length) {
        /// `length` bytes of it from `offset` on.
        public Run part(long offset, long length) {
            Objects.checkFromIndexSize(offset, length, this.length);
            return new Run(first + offset, length);
        }
    }

    /// Told of frames.
    @FunctionalInterface
    public interface RunSink {
        /// @param first the first frame
        /// @param length bytes that follow one another there
        void run(long first, long length);
    }

    /// Puts memory into the host.
    ///
    /// @throws IllegalStateException if 16,384 memories are there
    public synchronized Run add(GuestRam memory) {
        int number = 0;
        while (number < memories.length && memories[number] != null) {
            number++;
        }
        if (number == MOST) {
            throw new IllegalStateException("no more memories");
        }
        var allBases = Arrays.copyOf(bases, Math.max(bases.length, number + 1));
        allBases[number] = memory.base();
        var all = Arrays.copyOf(memories, allBases.length);
        all[number] = memory;
        bases = allBases;
        memories = all;
        return new Run((long) number << NUMBER_SHIFT, memory.size());
    }

    /// Takes memory out, which nothing maps any more.
    ///
    /// @throws IllegalStateException if something of it is pinned
    public synchronized void remove(Run memory) {
        if (pins.pinned(memory.first, memory.length) != 0) {
            throw new IllegalStateException("memory that is pinned goes nowhere");
        }
        var all = memories.clone();
        all[(int) (memory.first >>> NUMBER_SHIFT)] = null;
        memories = all;
    }

    /// Where a frame is in this process.
    public long address(long frame) {
        return bases[(int) (frame >>> NUMBER_SHIFT)] + (frame & OFFSET);
    }

    /// The offset of a frame in its memory.
    public static long offset(long frame) {
        return frame & OFFSET;
    }

    /// The memory that a frame belongs to.
    public GuestRam memory(long frame) {
        return Objects.requireNonNull(memories[(int) (frame >>> NUMBER_SHIFT)], "a frame of memory that is gone");
    }

    // ---- pins

    /// Holds frames, once more.
    public void pin(long first, long length) {
        pins.add(first, length, 1);
    }

    /// Lets go of frames once; parts of what was pinned at once may be let go one by one.
    public void unpin(long first, long length) {
        pins.add(first, length, -1);
    }

    /// How often the frame is held.
    public int pins(long frame) {
        return pins.count(frame);
    }

    /// Bytes that are held between two frames, each as often as it is held.
    public long pinned(long first, long length) {
        return pins.pinned(first, length);
    }

    /// Bytes that are held in all of the host, each as often as it is held.
    public long pinned() {
        return pins.total();
    }
}
