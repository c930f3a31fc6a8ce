package io.sluice.guest.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.asm.Reg;
import io.sluice.vmm.cpu.state.CpuState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// IRET and POPF: flags by privilege, checks before changes.
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class InterruptReturnTest {
    @Test
    void iretToUserModeTakesOnlyTheFlagsThatTheLevelMayChange() {
        try (var rig = Rig.user64()) {
            rig.cpu.setFlags(CpuState.IF | 0x3000);
            rig.cpu.systemFlags &= ~CpuState.IOPL;
            rig.code(a -> {
                a.push((long) Rig.USER_DS);
                a.push((long) Rig.USER_STACK);
                a.push((long) (CpuState.IOPL | CpuState.AC | CpuState.ID | CpuState.CF | CpuState.DF));
                a.push((long) Rig.USER_CS64);
                a.movLabel(Reg.RAX, "next");
                a.push(Reg.RAX);
                a.iret();
                a.label("next");
            });

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            // IF stays set, IOPL stays 0.
            assertThat(stop.flags()).isEqualTo(2 | CpuState.IF | CpuState.AC | CpuState.ID | CpuState.CF | CpuState.DF);
        }
    }

    @ParameterizedTest(name = "level {0}, IOPL {1}: POPF of IF and IOPL leaves {2}")
    @CsvSource({"0, 0, 0x3202", "3, 0, 0x2", "3, 3, 0x3202"})
    void popfChangesIopl0AndIfByPrivilege(int level, int iopl, String flags) {
        try (var rig = level == 0 ? Rig.long64() : Rig.user64()) {
            rig.cpu.setFlags(iopl << 12);
            rig.code(a -> {
                a.push(0x3200L);
                a.db(0x9D, 0x9C);
                a.pop(Reg.RAX);
            });

            rig.run();

            assertThat(rig.cpu.gpr[0]).isEqualTo(Long.decode(flags).longValue());
        }
    }

    @ParameterizedTest(name = "in {0}-bit mode")
    @CsvSource({"64, 13, 0", "32, 10, 0"})
    void iretWithNestedTaskIsATaskSwitchThatLongModeDoesNotHave(int bits, int vector, int code) {
        try (var rig = bits == 64 ? Rig.long64() : Rig.protected32()) {
            rig.cpu.systemFlags |= CpuState.NT;
            rig.code(a -> {
                rig.mark(a, "iret");
                a.iret();
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(vector);
            assertThat(stop.code()).isEqualTo(code);
            assertThat(stop.rip()).isEqualTo(rig.at("iret"));
            assertThat(stop.has(CpuState.NT)).isTrue();
        }
    }

    @ParameterizedTest(name = "CS {0}, SS {1}: {2}({3})")
    @CsvSource({
        "0x00, 0x3B, 13, 0",
        "0x103, 0x3B, 13, 0x100",
        "0x40, 0x3B, 13, 0x40",
        "0x3B, 0x3B, 13, 0x38",
        "0x43, 0x00, 13, 0",
        "0x43, 0x10, 13, 0x10",
        "0x43, 0x33, 13, 0x30",
        "0x43, 0x3B, -1, -1",
        "0x33, 0x3B, -1, -1",
        "0x18, 0x00, -1, -1"
    })
    void iretChecksBothSegmentsBeforeItChangesAnything(String cs, String ss, int vector, String code) {
        try (var rig = Rig.long64()) {
            rig.put(Rig.USER_CODE, 0xCD, Rig.DONE);
            rig.descriptor(0x68, 0);
            rig.code(a -> {
                a.push((long) Integer.decode(ss));
                a.push((long) Rig.USER_STACK);
                a.push(2L);
                a.push((long) Integer.decode(cs));
                a.push((long) Rig.USER_CODE);
                rig.mark(a, "iret");
                a.iret();
            });

            var stop = rig.run();

            assertThat(stop.isEnd() ? -1 : stop.vector()).isEqualTo(vector);
            assertThat(stop.code()).isEqualTo(Integer.decode(code));
            assertThat(stop.rip()).isEqualTo(vector < 0 ? Rig.USER_CODE + 2 : rig.at("iret"));
            assertThat(stop.sp()).isEqualTo(vector < 0 ? Rig.USER_STACK : Rig.STACK - 40);
        }
    }

    @Test
    void iretToA16BitStackLeavesTheUpperHalfOfEspAlone() {
        try (var rig = Rig.protected32()) {
            rig.descriptor(Rig.FREE, Descriptor.segment(0, 0xFFFF, Descriptor.dpl(Descriptor.DATA, 3), 0));
            rig.put(Rig.USER_CODE, 0xCD, Rig.DONE);
            rig.code(a -> {
                a.push((long) (Rig.FREE | 3));
                a.push(0x1234_8000L);
                a.push(2L);
                a.push((long) Rig.USER_CS32);
                a.push((long) Rig.USER_CODE);
                a.iret();
            });

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(stop.sp() & 0xFFFF).isEqualTo(0x8000);
            assertThat(stop.sp() >>> 16).isZero();
        }
    }
}
