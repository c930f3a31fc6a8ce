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

    /// A memory, its pins, and what to do when it may go.
    private static final class Memory {
        final GuestRam ram;
        final PinLedger pins = new PinLedger();
        volatile @Nullable Runnable whenIdle;

        Memory(GuestRam ram) {
            this.ram = ram;
        }
    }

    private volatile @Nullable Memory[] memories = {};
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
        all[number] = new Memory(memory);
        bases = allBases;
        memories = all;
        return new Run((long) number << NUMBER_SHIFT, memory.size());
    }

    /// Takes memory out, which nobody pins any more.
    ///
    /// @throws IllegalStateException if something of it is pinned
    public void remove(Run memory) {
        if (!removeIfIdle(memory.first)) {
            throw new IllegalStateException("memory that is pinned goes nowhere");
        }
    }

    /// Takes memory out as soon as nothing of it is pinned, which may be now. Nobody pins more of it.
    ///
    /// @param then runs once, after that, on the thread that let go last
    public void removeWhenIdle(Run memory, Runnable then) {
        of(memory.first).whenIdle = then;
        settle(memory.first);
    }

    private void settle(long frame) {
        var memory = memories[number(frame)];
        var then = memory == null ? null : memory.whenIdle;
        if (then != null && removeIfIdle(frame)) {
            then.run();
        }
    }

    private synchronized boolean removeIfIdle(long frame) {
        var memory = memories[number(frame)];
        if (memory == null || memory.pins.total() != 0) {
            return false;
        }
        var all = memories.clone();
        all[number(frame)] = null;
        memories = all;
        return true;
    }

    private static int number(long frame) {
        return (int) (frame >>> NUMBER_SHIFT);
    }

    private Memory of(long frame) {
        return Objects.requireNonNull(memories[number(frame)], "a frame of memory that is gone");
    }

    /// Where a frame is in this process.
    public long address(long frame) {
        return bases[number(frame)] + (frame & OFFSET);
    }

    /// The offset of a frame in its memory.
    public static long offset(long frame) {
        return frame & OFFSET;
    }

    /// The memory that a frame belongs to.
    public GuestRam memory(long frame) {
        return of(frame).ram;
    }

    // ---- pins

    /// Holds frames, once more.
    public void pin(long first, long length) {
        of(first).pins.add(offset(first), length, 1);
    }

    /// Lets go of frames once; parts of what was pinned at once may be let go one by one.
    public void unpin(long first, long length) {
        var memory = of(first);
        memory.pins.add(offset(first), length, -1);
        if (memory.whenIdle != null) {
            settle(first);
        }
    }

    /// How often the frame is held.
    public int pins(long frame) {
        return of(frame).pins.count(offset(frame));
    }

    /// Bytes that are held between two frames, each as often as it is held.
    public long pinned(long first, long length) {
        return of(first).pins.pinned(offset(first), length);
    }

    /// Bytes that are held in all of the host, each as often as it is held.
    public long pinned() {
        long sum = 0;
        for (var memory : memories) {
            sum += memory == null ? 0 : memory.pins.total();
        }
        return sum;
    }
}
