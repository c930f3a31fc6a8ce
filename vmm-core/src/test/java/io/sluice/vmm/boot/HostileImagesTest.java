package io.sluice.vmm.boot;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Broken images are refused with one line, and never by any other exception.
class HostileImagesTest {
    private static final int ADDRESS = 0x20_0000;
    /// Bytes at the start in which all headers lie.
    private static final int HEADERS = 700;

    static Stream<Arguments> kernels() {
        var code = new byte[512];
        System.arraycopy(Kernels.multibootHeader(3), 0, code, 0, 12);
        var flat = Kernels.le(128)
                .put(Kernels.multibootHeader(1 << 16))
                .putInt(ADDRESS)
                .putInt(ADDRESS)
                .putInt(ADDRESS + 128)
                .putInt(ADDRESS + 4096)
                .putInt(ADDRESS + 40)
                .array();
        var elf = Kernels.linuxElf();
        return Stream.of(
                Arguments.of("gzip", Kernels.linux(Kernels.gzip(elf))),
                Arguments.of("xz", Kernels.linux(Kernels.withSize(Kernels.xzWithBcj(elf), elf.length))),
                Arguments.of("zstd", Kernels.linux(Kernels.withSize(Kernels.zstd(elf), elf.length))),
                Arguments.of("lz4", Kernels.linux(Kernels.withSize(Kernels.legacyLz4(elf), elf.length))),
                Arguments.of("lzma", Kernels.linux(Kernels.withSize(Kernels.lzma(elf), elf.length))),
                Arguments.of("pvh", Kernels.elf64(ADDRESS, new byte[512], 100, Kernels.pvhNote(ADDRESS))),
                Arguments.of("multiboot", Kernels.elf32(ADDRESS, code, 100)),
                Arguments.of("flat multiboot", flat));
    }

    /// @return whether the image was accepted
    private static boolean accepts(byte[] image) {
        try {
            var config = Kernels.config(image);
            BootImage.read(config).load(new SparseMemory(Kernels.layout()));
            return true;
        } catch (BootException e) {
            assertThat(e.getMessage()).doesNotContain("\n").isNotBlank();
            return false;
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("kernels")
    void anUntouchedImageIsAccepted(String name, byte[] image) {
        assertThat(accepts(image)).isTrue();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("kernels")
    void everyTruncationIsRefusedInOneLine(String name, byte[] image) {
        // A flat multiboot file may lack what its header does not load.
        long accepted = Stream.concat(
                        Stream.iterate(0, n -> n < Math.min(image.length, HEADERS), n -> n + 1),
                        Stream.iterate(HEADERS, n -> n < image.length, n -> n + 61))
                .filter(n -> accepts(Arrays.copyOf(image, n)))
                .count();

        assertThat(accepted).isZero();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("kernels")
    void everyFlippedBitOfTheHeadersIsAcceptedOrRefusedInOneLine(String name, byte[] image) {
        int bits = Math.min(image.length, HEADERS) * 8;

        long refused = java.util.stream.IntStream.range(0, bits)
                .filter(bit -> !accepts(flipped(image, bit)))
                .count();

        assertThat(refused).isPositive();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("kernels")
    void randomWordsAnywhereAreAcceptedOrRefusedInOneLine(String name, byte[] image) {
        long seed = 0x5EED;
        System.out.println("seed " + seed);
        var random = new Random(seed);

        long tried = Stream.generate(() -> mangled(image, random))
                .limit(400)
                .map(HostileImagesTest::accepts)
                .count();

        assertThat(tried).isEqualTo(400);
    }

    private static byte[] flipped(byte[] image, int bit) {
        var copy = image.clone();
        copy[bit / 8] ^= (byte) (1 << bit % 8);
        return copy;
    }

    private static byte[] mangled(byte[] image, Random random) {
        var copy = image.clone();
        int at = random.nextInt(Math.min(copy.length, random.nextBoolean() ? HEADERS : copy.length) - 8);
        int[] favourites = {0, -1, 0x7FFF_FFFF, 0x8000_0000, 1, random.nextInt()};
        Kernels.le(4)
                .putInt(favourites[random.nextInt(favourites.length)])
                .flip()
                .get(copy, at, 4);
        return copy;
    }
}
