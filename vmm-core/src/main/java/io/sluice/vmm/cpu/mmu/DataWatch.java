package io.sluice.vmm.cpu.mmu;

import java.util.function.LongConsumer;

/// Linear ranges whose accesses are reported: the data breakpoints of the debug registers. While there is one, every
/// access takes the slow path.
public final class DataWatch {
    private final LongConsumer report;
    private final long[] first = new long[4];
    private final int[] length = new int[4];
    private final boolean[] reads = new boolean[4];

    /// @param report gets a mask of the numbers of the ranges that an access touched
    public DataWatch(LongConsumer report) {
        this.report = report;
    }

    public void add(int number, long linear, int bytes, boolean alsoReads) {
        first[number] = linear;
        length[number] = bytes;
        reads[number] = alsoReads;
    }

    public boolean isEmpty() {
        return length[0] + length[1] + length[2] + length[3] == 0;
    }

    void accessed(long linear, int size, boolean write) {
        long hits = 0;
        for (int n = 0; n < 4; n++) {
            boolean overlaps = linear < first[n] + length[n] && first[n] < linear + size;
            if (length[n] != 0 && overlaps && (write || reads[n])) {
                hits |= 1L << n;
            }
        }
        if (hits != 0) {
            report.accept(hits);
        }
    }
}
