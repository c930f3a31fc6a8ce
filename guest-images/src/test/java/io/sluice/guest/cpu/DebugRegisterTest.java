package io.sluice.guest.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.asm.Reg;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The debug registers themselves.
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DebugRegisterTest {
    @ParameterizedTest(name = "DR{0} with CR4.DE {1}: {2}")
    @CsvSource({"4, false, -1", "4, true, 6", "5, true, 6", "5, false, -1"})
    void registers4And5AreAliasesWithoutTheExtension(int number, boolean enabled, int vector) {
        try (var rig = Rig.long64()) {
            rig.cpu.cr4 |= enabled ? 8 : 0;
            rig.code(a -> a.db(0x0F, 0x21, 0xC0 | number << 3));

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(vector);
            assertThat(rig.cpu.gpr[0]).isEqualTo(vector > 0 ? 0 : number == 4 ? 0xFFFF_0FF0L : 0x400);
        }
    }

    @Test
    void debugRegistersAreTheSupervisorsAndTheirUpperHalvesZero() {
        try (var rig = Rig.long64()) {
            rig.code(a -> {
                a.mov(Reg.RAX, 1L << 32);
                rig.mark(a, "mov");
                a.mov(Reg.DR7, Reg.RAX);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(13);
            assertThat(stop.rip()).isEqualTo(rig.at("mov"));
        }
    }
}
