package io.sluice.vfio.guest;

import java.nio.charset.StandardCharsets;

/// The base block of an EDID (VESA E-EDID 1.4, section 3) for a monitor with one preferred mode at 60 Hz, whose timing
/// is reduced blanking's (VESA CVT 1.1), and those of the established modes that are no larger than it may be.
final class Edid {
    static final int SIZE = 128;
    /// What a detailed timing has room for.
    static final int LARGEST = 4095;

    private static final int HERTZ = 60;
    private static final int DPI = 100;
    /// `SLU` in three times five bits.
    private static final int MANUFACTURER = 'S' - '@' << 10 | 'L' - '@' << 5 | 'U' - '@';

    private static final int YEAR = 2024 - 1990;
    private static final int DIGITAL_8_BITS = 0xA0;
    private static final int GAMMA_2_2 = 120;
    /// RGB 4:4:4, sRGB is the default, the first timing is the preferred mode.
    private static final int FEATURES = 0x06;

    /// Chromaticity of sRGB, 10 bits a co-ordinate, as the block packs them.
    private static final int[] SRGB = {0xEE, 0x91, 0xA3, 0x54, 0x4C, 0x99, 0x26, 0x0F, 0x50, 0x54};

    private static final int H_BLANK = 160;
    private static final int H_FRONT = 48;
    private static final int H_SYNC = 32;
    private static final int V_FRONT = 3;
    private static final int V_BACK_LEAST = 6;
    private static final double BLANK_MICROSECONDS = 460;
    private static final int CLOCK_STEP = 250_000;

    private final byte[] block = new byte[SIZE];

    private Edid() {}

    /// @param maxWidth the widest established mode, and so for `maxHeight`
    static byte[] of(int width, int height, int maxWidth, int maxHeight) {
        var edid = new Edid();
        edid.header(width, height);
        edid.established(maxWidth, maxHeight);
        for (int i = 0x26; i < 0x36; i++) {
            edid.put(i, 1); // no standard timings
        }
        edid.timing(0x36, width, height);
        edid.text(0x48, 0xFC, "Sluice");
        edid.descriptor(0x5A, 0x10);
        edid.descriptor(0x6C, 0x10);
        edid.sum();
        return edid.block;
    }

    private void put(int at, int value) {
        block[at] = (byte) value;
    }

    private void header(int width, int height) {
        for (int i = 1; i < 7; i++) {
            put(i, 0xFF);
        }
        put(0x08, MANUFACTURER >> 8);
        put(0x09, MANUFACTURER);
        put(0x0A, 1);
        put(0x11, YEAR);
        put(0x12, 1);
        put(0x13, 4);
        put(0x14, DIGITAL_8_BITS);
        put(0x15, Math.min(255, Math.max(1, width * 254 / (DPI * 100))));
        put(0x16, Math.min(255, Math.max(1, height * 254 / (DPI * 100))));
        put(0x17, GAMMA_2_2);
        put(0x18, FEATURES);
        for (int i = 0; i < SRGB.length; i++) {
            put(0x19 + i, SRGB[i]);
        }
    }

    /// 640 by 480, 800 by 600 and 1024 by 768, each at 60 Hz.
    private void established(int maxWidth, int maxHeight) {
        boolean vga = maxWidth >= 640 && maxHeight >= 480;
        boolean svga = maxWidth >= 800 && maxHeight >= 600;
        boolean xga = maxWidth >= 1024 && maxHeight >= 768;
        put(0x23, (vga ? 1 << 5 : 0) | (svga ? 1 : 0));
        put(0x24, xga ? 1 << 3 : 0);
    }

    private void timing(int at, int width, int height) {
        int vSync = vSync(width, height);
        double line = (1_000_000.0 / HERTZ - BLANK_MICROSECONDS) / height;
        int vBlank = Math.max((int) (BLANK_MICROSECONDS / line) + 1, V_FRONT + vSync + V_BACK_LEAST);
        long clock = (long) HERTZ * (height + vBlank) * (width + H_BLANK) / CLOCK_STEP * CLOCK_STEP;
        int tenKilohertz = (int) Math.min(0xFFFF, clock / 10_000);
        put(at, tenKilohertz);
        put(at + 1, tenKilohertz >> 8);
        put(at + 2, width);
        put(at + 3, H_BLANK);
        put(at + 4, width >> 8 << 4 | H_BLANK >> 8);
        put(at + 5, height);
        put(at + 6, vBlank);
        put(at + 7, height >> 8 << 4 | vBlank >> 8);
        put(at + 8, H_FRONT);
        put(at + 9, H_SYNC);
        put(at + 10, V_FRONT << 4 | vSync);
        int wide = width * 254 / DPI / 10;
        int high = height * 254 / DPI / 10;
        put(at + 12, wide);
        put(at + 13, high);
        put(at + 14, (wide >> 8 & 0xF) << 4 | high >> 8 & 0xF);
        put(at + 17, 0x1A); // digital separate sync, horizontal positive
    }

    /// The length of the vertical sync tells the aspect ratio.
    private static int vSync(int width, int height) {
        if (width * 3 == height * 4) {
            return 4;
        }
        if (width * 9 == height * 16) {
            return 5;
        }
        return width * 10 == height * 16 ? 6 : 10;
    }

    /// A descriptor that is no timing.
    private void descriptor(int at, int tag) {
        put(at + 3, tag);
    }

    private void text(int at, int tag, String text) {
        descriptor(at, tag);
        var bytes = text.getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < 13; i++) {
            put(at + 5 + i, i < bytes.length ? bytes[i] : i == bytes.length ? '\n' : ' ');
        }
    }

    private void sum() {
        int sum = 0;
        for (var part : block) {
            sum += part;
        }
        put(SIZE - 1, -sum);
    }
}
