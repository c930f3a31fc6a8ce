package io.sluice.vmm.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.vmm.plugin.Surface;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The JDK's own reader judges what is written.
@Timeout(120)
class PictureFormatTest {
    private static final int PAD = 12;

    /// A picture of these pixels whose rows lie further apart than they are long.
    private static Surface surface(int width, int height, int[] pixels) {
        int stride = 4 * width + PAD;
        var memory = new byte[stride * height];
        for (int i = 0; i < pixels.length; i++) {
            int at = i / width * stride + i % width * 4;
            memory[at] = (byte) pixels[i];
            memory[at + 1] = (byte) (pixels[i] >> 8);
            memory[at + 2] = (byte) (pixels[i] >> 16);
            memory[at + 3] = (byte) 0xEE;
        }
        return new Surface(
                width,
                height,
                stride,
                Surface.PixelFormat.XRGB8888,
                (offset, target, length) -> System.arraycopy(memory, (int) offset, target, 0, length));
    }

    private static int[] noise(int count, long seed) {
        return new Random(seed).ints(count, 0, 1 << 24).toArray();
    }

    private static byte[] write(PictureFormat format, Surface surface) throws IOException {
        var out = new ByteArrayOutputStream();
        format.write(surface, out);
        return out.toByteArray();
    }

    private static int[] pixels(BufferedImage image) {
        var all = image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
        return Arrays.stream(all).map(pixel -> pixel & 0xFF_FFFF).toArray();
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "3, 1", "1, 7", "64, 64", "257, 131", "640, 480"})
    void aPngHoldsEveryPixel(int width, int height) throws IOException {
        var noise = noise(width * height, 11);

        var image = ImageIO.read(new ByteArrayInputStream(write(PictureFormat.PNG, surface(width, height, noise))));

        assertThat(image.getWidth()).isEqualTo(width);
        assertThat(image.getHeight()).isEqualTo(height);
        assertThat(pixels(image)).isEqualTo(noise);
    }

    @Test
    void aPngOfFlatColoursIsSmall() throws IOException {
        assertThat(write(PictureFormat.PNG, surface(640, 480, new int[640 * 480])))
                .hasSizeLessThan(4096);
    }

    @Test
    void aPpmIsAHeaderAndTheBytesOfItsPixels() throws IOException {
        var bytes = write(PictureFormat.PPM, surface(2, 2, new int[] {0x112233, 0xAABBCC, 0, 0xFFFFFF}));

        var header = "P6\n2 2\n255\n".getBytes(StandardCharsets.US_ASCII);
        assertThat(bytes).startsWith(header).hasSize(header.length + 12);
        assertThat(Arrays.copyOfRange(bytes, header.length, bytes.length))
                .inHexadecimal()
                .isEqualTo(HexFormat.of().parseHex("112233AABBCC000000FFFFFF"));
    }

    @ParameterizedTest
    @CsvSource({"0, 1, 4", "1, 0, 4", "65537, 1, 300000", "8, 8, 31", "8, 8, -32"})
    void noPictureIsLargerThanItsRows(int width, int height, int stride) {
        assertThatThrownBy(() ->
                        new Surface(width, height, stride, Surface.PixelFormat.XRGB8888, (o, target, length) -> {}))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
