package io.sluice.vmm.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ByteWideTest {
    private final List<String> written = new ArrayList<>();
    private final ByteWide device = new ByteWide(
            new ByteDevice() {
                @Override
                public int read(int offset) {
                    return 0x10 + offset;
                }

                @Override
                public void write(int offset, int value) {
                    written.add(offset + "=" + Integer.toHexString(value));
                }
            },
            3);

    @Test
    void aWideReadIsSuccessiveBytesAndOnesBeyondTheEnd() {
        assertThat(device.read(0, 4)).isEqualTo(0xFF12_1110L);
        assertThat(device.read(1, 2)).isEqualTo(0x1211);
        assertThat(device.read(2, 8)).isEqualTo(0xFFFF_FFFF_FFFF_FF12L);
    }

    @Test
    void aWideWriteIsSuccessiveBytesAndNothingBeyondTheEnd() {
        device.write(1, 4, 0xDDCC_BBAAL);

        assertThat(written).containsExactly("1=aa", "2=bb");
    }
}
