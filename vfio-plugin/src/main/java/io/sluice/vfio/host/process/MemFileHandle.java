package io.sluice.vfio.host.process;

import io.sluice.vfio.host.memory.MemFile;

/// An open file of memory.
public final class MemFileHandle extends OpenFile {
    private static final RequestTable<MemFileHandle> REQUESTS = RequestTable.of("memfd", MemFileHandle.class);

    private final MemFile memory;

    /// Refers to `memory` once more until it is closed.
    public MemFileHandle(MemFile memory) {
        this.memory = memory.retain();
    }

    public MemFile memory() {
        return memory;
    }

    @Override
    public RequestTable<?> requests() {
        return REQUESTS;
    }

    @Override
    protected void released() {
        memory.release();
    }

    @Override
    public int read(long position, byte[] target, int offset, int length) {
        int count = (int) Math.max(0, Math.min(length, memory.size() - position));
        memory.read(position, target, offset, count);
        return count;
    }

    @Override
    public int write(long position, byte[] source, int offset, int length) {
        memory.write(position, source, offset, length);
        return length;
    }
}
