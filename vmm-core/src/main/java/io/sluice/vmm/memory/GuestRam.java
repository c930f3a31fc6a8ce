package io.sluice.vmm.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/// A piece of guest RAM: a memory file of its own, mapped once into this process.
///
/// Offsets are bytes from the start of the file. [#watch()] tells which pages hold decoded code; whoever writes RAM
/// other than by a vCPU's store (DMA, loaders) goes through [#write] or reports the range to the watch.
public final class GuestRam implements AutoCloseable {
    public static final int PAGE_SHIFT = 12;
    public static final int PAGE_SIZE = 1 << PAGE_SHIFT;

    private final Arena arena = Arena.ofShared();
    private final MemoryFile file;
    private final MemorySegment segment;
    private final long base;
    private final long size;
    private final WriteWatch watch;

    private GuestRam(MemoryFile file, long size) {
        this.file = file;
        this.size = size;
        this.segment = file.map(arena, size);
        this.base = segment.address();
        this.watch = new WriteWatch(Math.toIntExact(size >> PAGE_SHIFT));
        LiveRam.add(base, size);
    }

    /// Zeroed RAM of `bytes` bytes, a multiple of the page size.
    public static GuestRam allocate(long bytes) {
        if (bytes <= 0 || (bytes & PAGE_SIZE - 1) != 0) {
            throw new IllegalArgumentException("RAM comes in whole pages of 4 KiB: " + bytes);
        }
        return new GuestRam(MemoryFile.create("sluice-ram", bytes), bytes);
    }

    public long size() {
        return size;
    }

    /// Where the RAM starts in this process.
    public long base() {
        return base;
    }

    public WriteWatch watch() {
        return watch;
    }

    public MemoryFile file() {
        return file;
    }

    /// `size` bytes (1, 2, 4 or 8), zero-extended; any alignment.
    public long get(long offset, int size) {
        Objects.checkFromIndexSize(offset, size, this.size);
        return HostMemory.get(base + offset, size);
    }

    /// Stores the low `size` bytes (1, 2, 4 or 8) of `value` and tells the watch; any alignment.
    public void put(long offset, int size, long value) {
        Objects.checkFromIndexSize(offset, size, this.size);
        HostMemory.put(base + offset, size, value);
        watch.written(offset, size);
    }

    public void read(long offset, byte[] target, int at, int length) {
        Objects.checkFromIndexSize(offset, length, size);
        HostMemory.copy(base + offset, target, at, length);
    }

    /// Writes and tells the watch, so that stale code is never run.
    public void write(long offset, byte[] source, int at, int length) {
        Objects.checkFromIndexSize(offset, length, size);
        HostMemory.copy(source, at, base + offset, length);
        watch.written(offset, length);
    }

    public void write(long offset, byte[] source) {
        write(offset, source, 0, source.length);
    }

    /// Zeroes all of it, as a power cycle does.
    public void clear() {
        HostMemory.fill(base, size, 0);
        watch.written(0, size);
    }

    /// As [#clear], and the host has its pages back until they are touched again.
    public void discard() {
        if (MemoryFile.discard(segment)) {
            watch.written(0, size);
        } else {
            clear();
        }
    }

    @Override
    public void close() {
        LiveRam.remove(base, size);
        arena.close();
        file.close();
    }
}
