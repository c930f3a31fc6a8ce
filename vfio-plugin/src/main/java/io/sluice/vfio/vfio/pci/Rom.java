package io.sluice.vfio.vfio.pci;

/// The image of a function's expansion ROM, as the host has kept it.
public final class Rom {
    private static final int SMALLEST = 2048;

    private final byte[] image;

    public Rom(byte[] image) {
        this.image = image.clone();
    }

    /// The size of a ROM BAR that it fits in.
    long size() {
        int size = SMALLEST;
        while (size < image.length) {
            size *= 2;
        }
        return size;
    }

    /// What lies behind the image reads as ones.
    int read(long offset, int size) {
        int value = 0;
        for (int i = 0; i < size; i++) {
            value |= (offset + i < image.length ? image[(int) offset + i] & 0xFF : 0xFF) << 8 * i;
        }
        return value;
    }
}
