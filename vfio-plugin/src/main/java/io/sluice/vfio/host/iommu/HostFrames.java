package io.sluice.vfio.host.iommu;

import io.sluice.vmm.memory.GuestRam;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The memory of the simulated host: what frames in page tables name. A frame is an address in this process with the
/// number of the memory that it belongs to above it, so that a write can be told to whom it concerns.
public final class HostFrames {
    private static final int NUMBER_SHIFT = 48;
    private static final int MOST = 1 << 15;
    private static final long ADDRESS = (1L << NUMBER_SHIFT) - 1;

    private volatile @Nullable GuestRam[] memories = {};

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

    /// Puts memory into the host. It stays until it is removed, and longer than anything maps it.
    ///
    /// @throws IllegalStateException if 32,768 memories are there
    public synchronized Run add(GuestRam memory) {
        int number = 0;
        while (number < memories.length && memories[number] != null) {
            number++;
        }
        if (number == MOST) {
            throw new IllegalStateException("no more memories");
        }
        var all = java.util.Arrays.copyOf(memories, Math.max(memories.length, number + 1));
        all[number] = memory;
        memories = all;
        return new Run(memory.base() | (long) number << NUMBER_SHIFT, memory.size());
    }

    /// Takes memory out, which nothing maps any more.
    public synchronized void remove(Run memory) {
        var all = memories.clone();
        all[(int) (memory.first >>> NUMBER_SHIFT)] = null;
        memories = all;
    }

    static long address(long frame) {
        return frame & ADDRESS;
    }

    /// The memory that a frame belongs to.
    GuestRam memory(long frame) {
        return Objects.requireNonNull(memories[(int) (frame >>> NUMBER_SHIFT)], "a frame of memory that is gone");
    }
}
