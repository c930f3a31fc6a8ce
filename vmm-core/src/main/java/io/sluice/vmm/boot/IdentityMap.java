package io.sluice.vmm.boot;

/// Page tables that map the first 4 GiB to themselves with 2 MiB pages: one PML4, one PDPT, four page directories.
final class IdentityMap {
    static final int BYTES = 6 * 4096;
    private static final long PRESENT_WRITABLE = 3;
    private static final long LARGE = 0x80;

    private IdentityMap() {}

    /// The tables as they lie at `base`; the first page is the root.
    static byte[] at(long base) {
        var out = Binary.allocate(BYTES);
        out.putLong(0, base + 4096 | PRESENT_WRITABLE);
        for (int i = 0; i < 4; i++) {
            out.putLong(4096 + 8 * i, base + 4096L * (2 + i) | PRESENT_WRITABLE);
        }
        for (int i = 0; i < 2048; i++) {
            out.putLong(2 * 4096 + 8 * i, (long) i << 21 | LARGE | PRESENT_WRITABLE);
        }
        return out.array();
    }
}
