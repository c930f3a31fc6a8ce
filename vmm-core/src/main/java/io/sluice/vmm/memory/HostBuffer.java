package io.sluice.vmm.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Memory of this process that lies beside guest RAM: where data waits that is on its way between a guest and a file.
/// [HostMemory] reaches it as it reaches RAM. Its address may be given to system calls of any thread until it is
/// closed.
public final class HostBuffer implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment segment;

    private HostBuffer(long bytes) {
        segment = arena.allocate(bytes, GuestRam.PAGE_SIZE);
        LiveRam.add(base(), bytes);
    }

    /// Zeroed memory, at a page's start.
    public static HostBuffer allocate(long bytes) {
        return new HostBuffer(bytes);
    }

    /// Where it starts in this process.
    public long base() {
        return segment.address();
    }

    public long size() {
        return segment.byteSize();
    }

    @Override
    public void close() {
        LiveRam.remove(base(), size());
        arena.close();
    }
}
