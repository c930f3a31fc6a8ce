package io.sluice.vmm.cpu.mmu;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// Linear ranges whose accesses are reported, each to its own owner: the data breakpoints of the debug registers and a
/// debugger's watchpoints. While there is one, every access takes the slow path. Immutable.
public final class DataWatch {
    /// Told of an access, before it is done and even if it then faults. Once or more for each access.
    public interface Listener {
        /// @param linear the first byte of the range that is touched
        void accessed(long linear);
    }

    /// @param last inclusive, so that a range may end at the top of the address space
    public record Range(long first, long last, boolean reads, boolean writes, Listener listener) {}

    private final Range[] ranges;

    private DataWatch(Range[] ranges) {
        this.ranges = ranges;
    }

    /// What watches all these ranges; null if there is none.
    public static @Nullable DataWatch of(List<Range> ranges) {
        return ranges.isEmpty() ? null : new DataWatch(ranges.toArray(Range[]::new));
    }

    void accessed(long linear, int size, boolean write) {
        long end = linear + size - 1;
        for (var range : ranges) {
            boolean overlaps =
                    Long.compareUnsigned(linear, range.last) <= 0 && Long.compareUnsigned(range.first, end) <= 0;
            if (overlaps && (write ? range.writes : range.reads)) {
                range.listener.accessed(Long.compareUnsigned(linear, range.first) > 0 ? linear : range.first);
            }
        }
    }
}
