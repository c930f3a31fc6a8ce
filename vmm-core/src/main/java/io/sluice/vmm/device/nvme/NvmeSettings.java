package io.sluice.vmm.device.nvme;

/// What a controller is made with.
///
/// @param serial its serial number, 20 characters at most
/// @param ioQueuePairs I/O queues of each kind, at most
/// @param vectors of MSI-X
/// @param maxTransfer the most that one command moves is 4 KiB times 2 to this
/// @param blockSize bytes of a logical block
/// @param physicalBlockSize bytes that are best written together
public record NvmeSettings(
        String serial, int ioQueuePairs, int vectors, int maxTransfer, int blockSize, int physicalBlockSize) {
    /// I/O queues of each kind unless something else is said.
    public static final int IO_QUEUE_PAIRS = 8;

    public static final int MOST_IO_QUEUE_PAIRS = 64;
    public static final int MOST_VECTORS = 2048;
    public static final int MAX_TRANSFER = 7;
    /// 2 MiB.
    public static final int LARGEST_MAX_TRANSFER = 9;
    public static final int SMALLEST_BLOCK = 512;
    public static final int LARGEST_BLOCK = 4096;

    /// A controller with blocks of 512 bytes.
    public static NvmeSettings of(String serial) {
        return new NvmeSettings(
                serial, IO_QUEUE_PAIRS, IO_QUEUE_PAIRS + 1, MAX_TRANSFER, SMALLEST_BLOCK, SMALLEST_BLOCK);
    }

    /// Bytes that one command moves at most.
    int mostBytes() {
        return 4096 << maxTransfer;
    }
}
