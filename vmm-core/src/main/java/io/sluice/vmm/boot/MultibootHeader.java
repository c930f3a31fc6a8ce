package io.sluice.vmm.boot;

import org.jspecify.annotations.Nullable;

/// The header by which a file says that it is a multiboot kernel (version 1): within its first 8 KiB, on a multiple
/// of four.
///
/// @param offset where it lies in the file
/// @param load the addresses of the a.out kludge, if the file has them
record MultibootHeader(int offset, int flags, @Nullable Load load) {
    /// @param loadEnd 0 means to the end of the file
    /// @param bssEnd 0 means no bss
    record Load(long header, long load, long loadEnd, long bssEnd, long entry) {}

    static final int PAGE_ALIGN = 1;
    static final int MEMORY_INFO = 1 << 1;
    static final int VIDEO_MODE = 1 << 2;
    private static final int ADDRESSES = 1 << 16;
    private static final int REQUIREMENTS = 0xFFFF;
    private static final int MAGIC = 0x1BADB002;
    private static final int SEARCH = 8192;

    static @Nullable MultibootHeader find(Binary file) {
        for (int at = 0; at < SEARCH && file.holds(at, 12); at += 4) {
            if (file.i32("header", at) == MAGIC
                    && file.i32("header", at) + file.i32("header", at + 4) + file.i32("header", at + 8) == 0) {
                return parse(file, at);
            }
        }
        return null;
    }

    private static MultibootHeader parse(Binary file, int at) {
        int flags = file.i32("multiboot header", at + 4);
        int unknown = flags & REQUIREMENTS & ~(PAGE_ALIGN | MEMORY_INFO | VIDEO_MODE);
        if (unknown != 0) {
            throw new BootException("multiboot kernel requires what this loader does not know: flags 0x"
                    + Integer.toHexString(unknown));
        }
        if ((flags & ADDRESSES) == 0) {
            return new MultibootHeader(at, flags, null);
        }
        var load = new Load(
                file.u32("multiboot header", at + 12),
                file.u32("multiboot header", at + 16),
                file.u32("multiboot header", at + 20),
                file.u32("multiboot header", at + 24),
                file.u32("multiboot header", at + 28));
        return new MultibootHeader(at, flags, load);
    }
}
