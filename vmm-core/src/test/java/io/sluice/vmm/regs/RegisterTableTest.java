package io.sluice.vmm.regs;

import static io.sluice.vmm.regs.RegisterSpec.at;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class RegisterTableTest {
    private enum Sample implements Register {
        CONTROL(at(0).bytes(2).writable(0x0FF0)),
        STATUS(at(2).bytes(4).reset(0x80).writable(0x0F).clearedByOne(0xF0)),
        OVERLAPPING(at(5));

        private final RegisterSpec spec;

        Sample(RegisterSpec spec) {
            this.spec = spec;
        }

        @Override
        public RegisterSpec spec() {
            return spec;
        }
    }

    private final RegisterTable<Sample> table = new RegisterTable<>(Sample.CONTROL, Sample.STATUS);

    @Test
    void eachByteBelongsToItsRegister() {
        assertThat(table.at(1)).isEqualTo(Sample.CONTROL);
        assertThat(table.at(5)).isEqualTo(Sample.STATUS);
        assertThat(table.at(6)).isNull();
        assertThat(table.at(-1)).isNull();
        assertThat(table.at(Long.MAX_VALUE)).isNull();
    }

    @Test
    void writingKeepsReadOnlyBitsAndClearsByOne() {
        assertThat(Sample.CONTROL.written(0x1001, 0xFFFF)).isEqualTo(0x1FF1);
        assertThat(Sample.STATUS.written(0xF5, 0x3A)).isEqualTo(0xCA);
        assertThat(Sample.STATUS.written(0xFFFF_FFFF_0000_00F5L, 0x3A)).isEqualTo(0xFFFF_FFFF_0000_00CAL);
    }

    @Test
    void overlappingRegistersAreRefused() {
        assertThatThrownBy(() -> new RegisterTable<>(Sample.STATUS, Sample.OVERLAPPING))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("OVERLAPPING overlaps STATUS");
    }
}
