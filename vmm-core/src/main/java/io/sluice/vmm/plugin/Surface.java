package io.sluice.vmm.plugin;

/// A picture as it lies in memory. It is good until whoever asked for it lets the machine go on: a guest may draw
/// meanwhile, as on a monitor.
///
/// @param stride bytes from row to row
/// @param format what a pixel is
/// @param rows gives rows out
public record Surface(int width, int height, int stride, PixelFormat format, Rows rows) {
    /// No side of a picture is longer.
    public static final int LARGEST = 1 << 16;

    /// What a pixel is.
    public enum PixelFormat {
        /// 32 bits, from the low byte: blue, green, red, nothing.
        XRGB8888(4);

        private final int bytes;

        PixelFormat(int bytes) {
            this.bytes = bytes;
        }

        public int bytes() {
            return bytes;
        }
    }

    /// The memory that a picture lies in.
    @FunctionalInterface
    public interface Rows {
        /// Copies `length` bytes, `offset` from the picture's first, to the start of `target`.
        void copy(long offset, byte[] target, int length);
    }

    public Surface {
        if (width < 1 || height < 1 || width > LARGEST || height > LARGEST || stride / format.bytes() < width) {
            throw new IllegalArgumentException("no picture of " + width + " by " + height + ", stride " + stride);
        }
    }

    /// Copies row `y` as red, green, blue bytes to the start of `rgb`.
    ///
    /// @param scratch of [#rowBytes] at least
    public void row(int y, byte[] scratch, byte[] rgb) {
        rows.copy((long) y * stride, scratch, rowBytes());
        switch (format) {
            case XRGB8888 -> {
                for (int x = 0; x < width; x++) {
                    rgb[3 * x] = scratch[4 * x + 2];
                    rgb[3 * x + 1] = scratch[4 * x + 1];
                    rgb[3 * x + 2] = scratch[4 * x];
                }
            }
        }
    }

    /// Bytes of the pixels of one row.
    public int rowBytes() {
        return width * format.bytes();
    }
}
