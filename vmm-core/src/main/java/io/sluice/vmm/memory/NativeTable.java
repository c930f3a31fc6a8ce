package io.sluice.vmm.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import jdk.internal.misc.Unsafe;

/// A table of longs beside the Java heap, read by address: no length to load, no index to check, which counts where
/// each access of a guest looks something up. The memory goes with the table.
public final class NativeTable {
    private static final Unsafe U = Unsafe.getUnsafe();

    private final MemorySegment memory;

    /// @param longs how many; all 0 at first
    public NativeTable(int longs) {
        memory = Arena.ofAuto().allocate(8L * longs, 64);
    }

    /// Where the first long is. Good as long as the table is held.
    public long base() {
        return memory.address();
    }

    /// @param address [#base] plus eight times an index that the caller knows to be in the table
    public static long get(long address) {
        return U.getLong(address);
    }

    /// @param address as for [#get]
    public static void put(long address, long value) {
        U.putLong(address, value);
    }
}
