package io.sluice.vmm.machine;

import io.sluice.vmm.boot.MemoryLayout;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.Cpuid;
import java.util.Arrays;

/// The memory type range registers as firmware leaves them: write-back, but for the hole between low RAM and 4 GiB and
/// the legacy video window, which are uncached, and ROM below 1 MiB, which is write-protected. The processor has no
/// caches, so this is for guests that look, as Linux does before it trusts the page attribute table.
final class MemoryTypes {
    private static final int WRITE_PROTECTED = 5;
    private static final int WRITE_BACK = 6;
    private static final int ENABLED = 1 << 11;
    private static final int FIXED_ENABLED = 1 << 10;
    private static final long VALID = 1 << 11;

    /// Of the eleven fixed-range registers the first two are RAM below the video window at 0xA0000, the next is the
    /// window, and the others begin at 0xC0000. A register holds eight types.
    private static final int VIDEO_WINDOW = 2;

    private static final long EIGHT = 0x0101_0101_0101_0101L;
    private static final long FOUR_GIB = 1L << 32;
    private static final long ONE_GIB = 1L << 30;

    private MemoryTypes() {}

    static void set(CpuState cpu) {
        var fixed = cpu.msrs.mtrrFixed;
        Arrays.fill(fixed, 0, VIDEO_WINDOW, EIGHT * WRITE_BACK);
        fixed[VIDEO_WINDOW] = 0;
        Arrays.fill(fixed, VIDEO_WINDOW + 1, fixed.length, EIGHT * WRITE_PROTECTED);
        var variable = cpu.msrs.mtrrVariable;
        uncached(variable, 0, FOUR_GIB - ONE_GIB, ONE_GIB);
        uncached(variable, 1, MemoryLayout.LOW_LIMIT, FOUR_GIB - ONE_GIB - MemoryLayout.LOW_LIMIT);
        cpu.msrs.mtrrDefType = ENABLED | FIXED_ENABLED | WRITE_BACK;
    }

    /// @param length a power of two that divides `base`
    private static void uncached(long[] variable, int index, long base, long length) {
        variable[2 * index] = base;
        variable[2 * index + 1] = (1L << Cpuid.PHYSICAL_BITS) - length | VALID;
    }
}
