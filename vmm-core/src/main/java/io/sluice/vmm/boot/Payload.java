package io.sluice.vmm.boot;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;
import org.tukaani.xz.LZMAInputStream;
import org.tukaani.xz.SingleXZInputStream;

/// Unpacks the payload of a bzImage on the host.
///
/// The last four bytes of every payload are the unpacked size. gzip has them as part of its format, for the others the
/// kernel's build appends them, so they do not belong to the compressed stream.
final class Payload {
    /// A decoder may claim a dictionary of this many KiB: Linux asks xz for 128 MiB at most.
    private static final int DICTIONARY_LIMIT_KIB = 192 * 1024;

    private static final int SIZE_FIELD = 4;

    private Payload() {}

    /// @param limit the most bytes that the kernel may unpack to
    static byte[] unpack(Binary file, Compression compression, int offset, int length, long limit) {
        if (length < 2 * SIZE_FIELD) {
            throw file.malformed("its payload has only " + length + " bytes");
        }
        long size = file.u32("payload", (long) offset + length - SIZE_FIELD);
        if (size > limit || size == 0) {
            throw file.malformed("its payload says it unpacks to " + size + " bytes, the most is " + limit);
        }
        var target = new byte[(int) size];
        int packed = compression == Compression.GZIP ? length : length - SIZE_FIELD;
        var source = new ByteArrayInputStream(file.bytes(), offset, packed);
        try {
            switch (compression) {
                case GZIP -> fill(target, new GZIPInputStream(source, 1 << 16));
                case XZ -> fill(target, new SingleXZInputStream(source, DICTIONARY_LIMIT_KIB));
                case ZSTD -> fill(target, new ZstdInputStreamNoFinalizer(source));
                case LZMA -> fill(target, new LZMAInputStream(source, DICTIONARY_LIMIT_KIB));
                case LZ4 -> legacyLz4(file, offset, packed, target);
                case BZIP2, LZO -> throw new IllegalStateException("not unpacked on the host: " + compression);
            }
        } catch (IOException | LZ4Exception e) {
            throw new BootException(
                    "kernel image is malformed: its " + compression + " payload is broken: " + reason(e), e);
        }
        return target;
    }

    private static String reason(Exception e) {
        String text = e.getMessage();
        return text == null
                ? e.getClass().getSimpleName()
                : text.lines().findFirst().orElse("");
    }

    private static void fill(byte[] target, InputStream stream) throws IOException {
        try (stream) {
            int done = stream.readNBytes(target, 0, target.length);
            if (done < target.length) {
                throw new IOException("it ends after " + done + " of " + target.length + " bytes");
            }
        }
    }

    /// The old frame of the `lz4 -l` command: a magic, then blocks of at most 8 MiB, each led by its packed size.
    private static void legacyLz4(Binary file, int offset, int length, byte[] target) throws IOException {
        var decoder = LZ4Factory.safeInstance().safeDecompressor();
        int at = offset + 4;
        int end = offset + length;
        int done = 0;
        while (done < target.length) {
            if (end - at < 4) {
                throw new IOException("it ends after " + done + " of " + target.length + " bytes");
            }
            long packed = file.u32("lz4 block", at);
            if (packed == 0 || packed > end - at - 4) {
                throw new IOException("a block of " + packed + " bytes in " + (end - at - 4));
            }
            int unpacked = decoder.decompress(
                    file.bytes(), at + 4, (int) packed, target, done, Math.min(target.length - done, 8 << 20));
            if (unpacked == 0) {
                throw new IOException("an empty block");
            }
            done += unpacked;
            at += 4 + (int) packed;
        }
    }
}
