package io.sluice.vmm.boot;

/// The descriptor table that a loader leaves: null, null, code at 0x10, data at 0x18.
final class Gdt {
    static final int BYTES = 32;
    static final int LIMIT = BYTES - 1;
    /// Limit 0xFFFFF in pages, base 0; the access bits go to 55..40.
    private static final long FLAT = 0x000F_0000_0000_FFFFL;

    private Gdt() {}

    static byte[] longMode() {
        return table(EntryState.CODE64_ACCESS);
    }

    static byte[] protected32() {
        return table(EntryState.CODE32_ACCESS);
    }

    private static byte[] table(int code) {
        return Binary.allocate(BYTES)
                .putLong(0)
                .putLong(0)
                .putLong(FLAT | (long) code << 40)
                .putLong(FLAT | (long) EntryState.DATA_ACCESS << 40)
                .array();
    }
}
