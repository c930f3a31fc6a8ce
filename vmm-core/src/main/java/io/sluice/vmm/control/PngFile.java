package io.sluice.vmm.control;

import io.sluice.vmm.plugin.Surface;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/// Writes a picture as PNG (ISO/IEC 15948): 8 bits each of red, green and blue. Each row but the first says how it
/// differs from the one above, which is what pictures of screens pack best by.
final class PngFile implements AutoCloseable {
    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    private static final int HEADER_BYTES = 13;
    private static final int DEPTH = 8;
    private static final int TRUE_COLOUR = 2;
    private static final int FILTER_NONE = 0;
    private static final int FILTER_UP = 2;
    private static final int CHUNK = 1 << 15;

    private final OutputStream out;
    private final Deflater deflater = new Deflater();
    private final byte[] packed = new byte[CHUNK];
    private int filled;

    private PngFile(OutputStream out) {
        this.out = out;
    }

    static void write(Surface surface, OutputStream out) throws IOException {
        try (var file = new PngFile(out)) {
            file.write(surface);
        }
    }

    private void write(Surface surface) throws IOException {
        out.write(SIGNATURE);
        var header = ByteBuffer.allocate(HEADER_BYTES).putInt(surface.width()).putInt(surface.height());
        header.put((byte) DEPTH).put((byte) TRUE_COLOUR);
        chunk("IHDR", header.array(), HEADER_BYTES);
        pack(surface);
        deflater.finish();
        drain();
        chunk("IDAT", packed, filled);
        chunk("IEND", packed, 0);
    }

    private void pack(Surface surface) throws IOException {
        var scratch = new byte[surface.rowBytes()];
        var above = new byte[3 * surface.width()];
        var row = new byte[3 * surface.width()];
        var filtered = new byte[1 + row.length];
        for (int y = 0; y < surface.height(); y++) {
            surface.row(y, scratch, row);
            filtered[0] = (byte) (y == 0 ? FILTER_NONE : FILTER_UP);
            for (int i = 0; i < row.length; i++) {
                filtered[1 + i] = (byte) (row[i] - above[i]);
            }
            deflater.setInput(filtered);
            drain();
            var last = above;
            above = row;
            row = last;
        }
    }

    /// Takes what is packed; a chunk that is full is written.
    private void drain() throws IOException {
        while (true) {
            int more = deflater.deflate(packed, filled, packed.length - filled);
            filled += more;
            if (filled < packed.length) {
                return;
            }
            chunk("IDAT", packed, filled);
            filled = 0;
        }
    }

    private void chunk(String type, byte[] data, int length) throws IOException {
        var name = type.getBytes(StandardCharsets.US_ASCII);
        var crc = new CRC32();
        crc.update(name);
        crc.update(data, 0, length);
        out.write(ByteBuffer.allocate(4).putInt(length).array());
        out.write(name);
        out.write(data, 0, length);
        out.write(ByteBuffer.allocate(4).putInt((int) crc.getValue()).array());
    }

    @Override
    public void close() {
        deflater.end();
    }
}
