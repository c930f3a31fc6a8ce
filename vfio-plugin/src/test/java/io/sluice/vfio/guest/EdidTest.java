package io.sluice.vfio.guest;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The block as VESA E-EDID 1.4 lays it out. A stock kernel judges it too: the Debian guest takes its mode from it.
@Timeout(120)
class EdidTest {
    private static int at(byte[] edid, int offset) {
        return edid[offset] & 0xFF;
    }

    @ParameterizedTest
    @CsvSource({"64, 64", "640, 480", "1024, 768", "1920, 1080", "1680, 1050", "4095, 4095", "1, 1"})
    void theBlockIsWholeAndTellsThePreferredMode(int width, int height) {
        var edid = Edid.of(width, height, 4095, 4095);
        int sum = 0;
        for (byte part : edid) {
            sum += part;
        }

        assertThat(edid).hasSize(128).startsWith(0, -1, -1, -1, -1, -1, -1, 0);
        assertThat(sum & 0xFF).isZero();
        assertThat(at(edid, 0x12)).isEqualTo(1);
        assertThat(at(edid, 0x13)).isEqualTo(4);
        assertThat(at(edid, 0x38) | (at(edid, 0x3A) & 0xF0) << 4).isEqualTo(width);
        assertThat(at(edid, 0x3B) | (at(edid, 0x3D) & 0xF0) << 4).isEqualTo(height);
        assertThat(at(edid, 126)).isZero();
    }

    /// Pixel clocks as VESA's own calculator for reduced blanking has them, in kHz.
    @ParameterizedTest
    @CsvSource({"640, 480, 23500", "1024, 768, 56000", "1920, 1080, 138500", "1680, 1050, 119000", "800, 600, 35500"})
    void theTimingIsReducedBlankings(int width, int height, int kilohertz) {
        var edid = Edid.of(width, height, 4095, 4095);

        assertThat((at(edid, 0x36) | at(edid, 0x37) << 8) * 10).isEqualTo(kilohertz);
    }

    @ParameterizedTest
    @CsvSource({"639, 480, 0, 0", "640, 480, 0x20, 0", "800, 600, 0x21, 0", "1024, 768, 0x21, 8", "4095, 599, 0x20, 0"})
    void establishedModesAreNoLargerThanTheDeviceTakes(int width, int height, String first, String second) {
        var edid = Edid.of(64, 64, width, height);

        assertThat(at(edid, 0x23)).isEqualTo(Integer.decode(first));
        assertThat(at(edid, 0x24)).isEqualTo(Integer.decode(second));
    }

    @Test
    void itHasANameForPeople() {
        var edid = Edid.of(640, 480, 4095, 4095);

        assertThat(new String(edid, 0x48 + 5, 13, java.nio.charset.StandardCharsets.US_ASCII))
                .isEqualTo("Sluice\n      ");
        assertThat(at(edid, 0x48 + 3)).isEqualTo(0xFC);
    }
}
