package io.sluice.vmm.device.nvme;

import io.sluice.vmm.disk.Drive;

/// Namespace 1: a drive in logical blocks.
final class Namespace {
    static final int ID = 1;
    static final int BROADCAST = -1;

    private final Drive drive;
    private final int shift;
    private final long blocks;

    Namespace(Drive drive, int blockSize) {
        this.drive = drive;
        this.shift = Integer.numberOfTrailingZeros(blockSize);
        this.blocks = drive.file().size() >> shift;
    }

    Drive drive() {
        return drive;
    }

    /// Log2 of the bytes of a block.
    int shift() {
        return shift;
    }

    long blocks() {
        return blocks;
    }

    boolean isReadOnly() {
        return drive.file().isReadOnly();
    }

    /// Whether `count` blocks from `first` on, both unsigned, lie in it.
    boolean holds(long first, long count) {
        return first >= 0 && first <= blocks && count <= blocks - first;
    }
}
