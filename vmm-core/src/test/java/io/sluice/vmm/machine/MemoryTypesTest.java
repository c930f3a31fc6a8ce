package io.sluice.vmm.machine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.cpu.state.CpuState;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The registers are read as the processor's manual says (SDM volume 3, 12.11).
class MemoryTypesTest {
    @ParameterizedTest
    @CsvSource({
        "0x0, 6",
        "0x9FFFF, 6",
        "0xA0000, 0",
        "0xBFFFF, 0",
        "0xC0000, 5",
        "0xFFFFF, 5",
        "0x100000, 6",
        "0xAFFFFFFF, 6",
        "0xB0000000, 0",
        "0xBFFFFFFF, 0",
        "0xC0000000, 0",
        "0xFFFFFFFF, 0",
        "0x100000000, 6",
        "0xFFFFFFFFFF, 6"
    })
    void everyAddressHasTheTypeThatFirmwareGivesIt(String address, int type) {
        var cpu = new CpuState();
        MemoryTypes.set(cpu);

        assertThat(typeOf(cpu, Long.decode(address))).isEqualTo(type);
    }

    private static int typeOf(CpuState cpu, long address) {
        assertThat(cpu.msrs.mtrrDefType & 0xC00)
                .as("both kinds of ranges are on")
                .isEqualTo(0xC00);
        return address < 0x10_0000 ? fixedType(cpu.msrs.mtrrFixed, (int) address) : variableType(cpu, address);
    }

    private static int fixedType(long[] fixed, int address) {
        int field = address < 0x8_0000
                ? address >> 16
                : address < 0xC_0000 ? 8 + (address - 0x8_0000 >> 14) : 24 + (address - 0xC_0000 >> 12);
        return (int) (fixed[field / 8] >>> 8 * (field % 8)) & 0xFF;
    }

    private static int variableType(CpuState cpu, long address) {
        var variable = cpu.msrs.mtrrVariable;
        return IntStream.range(0, variable.length / 2)
                .filter(i -> (variable[2 * i + 1] & 0x800) != 0)
                .filter(i -> ((variable[2 * i] ^ address) & variable[2 * i + 1] & ~0xFFFL) == 0)
                .map(i -> (int) variable[2 * i] & 0xFF)
                .min()
                .orElse((int) cpu.msrs.mtrrDefType & 0xFF);
    }
}
