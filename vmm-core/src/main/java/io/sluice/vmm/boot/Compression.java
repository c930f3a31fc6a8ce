package io.sluice.vmm.boot;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// How a bzImage's payload is compressed, told by its first bytes. What the host cannot unpack, the kernel can.
enum Compression {
    GZIP(true, 0x1F, 0x8B),
    XZ(true, 0xFD, '7', 'z', 'X', 'Z', 0),
    ZSTD(true, 0x28, 0xB5, 0x2F, 0xFD),
    LZ4(true, 0x02, 0x21, 0x4C, 0x18),
    LZMA(true, 0x5D, 0x00, 0x00),
    BZIP2(false, 'B', 'Z', 'h'),
    LZO(false, 0x89, 'L', 'Z', 'O');

    private final boolean onHost;
    private final byte[] magic;

    Compression(boolean onHost, int... magic) {
        this.onHost = onHost;
        this.magic = new byte[magic.length];
        for (int i = 0; i < magic.length; i++) {
            this.magic[i] = (byte) magic[i];
        }
    }

    /// Whether [Payload] unpacks it.
    boolean onHost() {
        return onHost;
    }

    static @Nullable Compression of(Binary file, int offset) {
        for (var candidate : List.of(values())) {
            if (file.startsWith(offset, candidate.magic)) {
                return candidate;
            }
        }
        return null;
    }
}
