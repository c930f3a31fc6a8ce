package io.sluice.guest.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.asm.Asm;
import io.sluice.guest.asm.Reg;
import io.sluice.vmm.cpu.isa.Insn;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Far jumps, calls and returns, call gates, and IRET.
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FarTransferTest {
    private static final int TARGET = 0x1_4000;

    /// `jmp` or `call` to selector:offset, 32-bit code.
    private static void far(Asm a, boolean call, int selector, long offset) {
        a.db(call ? 0x9A : 0xEA);
        a.dd(offset);
        a.dw(selector);
    }

    /// What a far jump or call to `selector` gives when the descriptor at [Rig#FREE] has this access byte.
    @ParameterizedTest(name = "level {0}: {1} with access {2} gives {3}({4}) at level {5}")
    @CsvSource(textBlock = """
                    0, 0x00,  0x9B, 13, 0,     0
                    0, 0x108, 0x9B, 13, 0x108, 0
                    0, 0x60,  0x9B, -1, -1,    0
                    0, 0x63,  0x9B, 13, 0x60,  0
                    0, 0x60,  0xFB, 13, 0x60,  0
                    0, 0x60,  0xFF, 13, 0x60,  0
                    0, 0x60,  0x93, 13, 0x60,  0
                    0, 0x60,  0x1B, 11, 0x60,  0
                    0, 0x60,  0x82, 13, 0x60,  0
                    0, 0x60,  0x8E, 13, 0x60,  0
                    3, 0x60,  0x9B, 13, 0x60,  3
                    3, 0x63,  0xFB, -1, -1,    3
                    3, 0x60,  0xFB, -1, -1,    3
                    3, 0x60,  0x9F, -1, -1,    3
                    3, 0x63,  0x9F, -1, -1,    3
                    """)
    void aDirectTransferChecksItsCodeSegment(
            int level, String selector, String access, int vector, String code, int newLevel) {
        for (boolean call : new boolean[] {false, true}) {
            try (var rig = level == 0 ? Rig.protected32() : Rig.user32()) {
                rig.descriptor(Rig.FREE, Descriptor.flat(Integer.decode(access), Descriptor.BIG));
                rig.code(a -> {
                    rig.mark(a, "far");
                    far(a, call, Integer.decode(selector), TARGET);
                });
                rig.put(TARGET, level == 0 ? 0xF4 : 0xCD, Rig.DONE);
                long sp = rig.cpu.gpr[4];

                var stop = rig.run();

                assertThat(stop.isEnd() ? -1 : stop.vector()).isEqualTo(vector);
                assertThat(stop.code()).isEqualTo(Integer.decode(code));
                if (vector >= 0) {
                    assertThat(stop.rip()).isEqualTo(rig.at("far"));
                    assertThat(stop.sp()).isEqualTo(sp);
                } else {
                    assertThat(stop.cs()).isEqualTo(Rig.FREE | newLevel);
                    assertThat(stop.rip()).isEqualTo(TARGET + (level == 0 ? 1 : 2));
                    assertThat(stop.sp()).isEqualTo(call ? sp - 8 : sp);
                }
            }
        }
    }

    @Test
    void aJumpBeyondTheLimitFaultsAtTheJump() {
        try (var rig = Rig.protected32()) {
            rig.descriptor(Rig.FREE, Descriptor.segment(0, 0xFFFF, Descriptor.CODE, 4));
            rig.code(a -> {
                rig.mark(a, "far");
                far(a, true, Rig.FREE, 0x1_0000);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(13);
            assertThat(stop.code()).isZero();
            assertThat(stop.rip()).isEqualTo(rig.at("far"));
            assertThat(stop.sp()).isEqualTo(Rig.STACK);
        }
    }

    @Test
    void codeThatRunsBeyondItsLimitFaultsAtTheInstructionThatCrossesIt() {
        try (var rig = Rig.protected32()) {
            rig.descriptor(Rig.FREE, Descriptor.segment(TARGET, 2, Descriptor.CODE, 4));
            rig.put(TARGET, 0x40, 0x40, 0x89, 0xC0);
            rig.code(a -> far(a, false, Rig.FREE, 0));

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(13);
            assertThat(stop.code()).isZero();
            assertThat(stop.rip()).isEqualTo(2);
            assertThat(rig.cpu.gpr[0]).isEqualTo(2);
        }
    }

    @Test
    void aCallGateSwitchesStacksAndCopiesParameters() {
        try (var rig = Rig.user32()) {
            rig.descriptor(Rig.FREE, Descriptor.gate(Rig.CS32, TARGET, Descriptor.dpl(Descriptor.CALL_GATE, 3), 2));
            rig.put(TARGET, 0xF4);
            rig.code(a -> {
                a.push(0x1111L);
                a.push(0x2222L);
                far(a, true, Rig.FREE | 3, 0xDEAD_BEEFL);
                rig.mark(a, "behind");
            });

            var stop = rig.run();

            assertThat(stop.cs()).isEqualTo(Rig.CS32);
            assertThat(rig.cpu.cpl).isZero();
            assertThat(stop.rip()).isEqualTo(TARGET + 1);
            assertThat(stop.ss()).isEqualTo(Rig.DS);
            assertThat(stop.sp()).isEqualTo(Rig.STACK - 24);
            assertThat(rig.get32(Rig.STACK - 4)).isEqualTo(Rig.USER_DS);
            assertThat(rig.get32(Rig.STACK - 8)).isEqualTo(Rig.USER_STACK - 8);
            assertThat(rig.get32(Rig.STACK - 12)).isEqualTo(0x1111);
            assertThat(rig.get32(Rig.STACK - 16)).isEqualTo(0x2222);
            assertThat(rig.get32(Rig.STACK - 20)).isEqualTo(Rig.USER_CS32);
            assertThat(rig.get32(Rig.STACK - 24)).isEqualTo(rig.at("behind"));
        }
    }

    @Test
    void theReturnFromACallGateReleasesTheParametersOnBothStacks() {
        try (var rig = Rig.user32()) {
            rig.descriptor(Rig.FREE, Descriptor.gate(Rig.CS32, TARGET, Descriptor.dpl(Descriptor.CALL_GATE, 3), 2));
            // mov eax, 10h; mov ds, eax; retf 8
            rig.put(TARGET, 0xB8, Rig.DS, 0, 0, 0, 0x8E, 0xD8, 0xCA, 8, 0);
            rig.code(a -> {
                a.push(0x1111L);
                a.push(0x2222L);
                far(a, true, Rig.FREE | 3, 0);
            });

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(stop.sp()).isEqualTo(Rig.USER_STACK);
            assertThat(stop.ss()).isEqualTo(Rig.USER_DS);
            // What the inner level left in DS is not for the outer one.
            assertThat(rig.cpu.segments[Insn.DS].selector).isZero();
            assertThat(rig.cpu.segments[Insn.ES].selector).isEqualTo(Rig.USER_DS);
        }
    }

    @ParameterizedTest(name = "gate {0} to selector {1}, SS0 {2}: {3}({4})")
    @CsvSource({
        "0x8C, 0x08, 0x10, 13, 0x60",
        "0x6C, 0x08, 0x10, 11, 0x60",
        "0xEC, 0x00, 0x10, 13, 0",
        "0xEC, 0x108, 0x10, 13, 0x108",
        "0xEC, 0x10, 0x10, 13, 0x10",
        "0xEC, 0x08, 0x00, 10, 0",
        "0xEC, 0x08, 0x108, 10, 0x108",
        "0xEC, 0x08, 0x13, 10, 0x10",
        "0xEC, 0x08, 0x08, 10, 0x08",
        "0xEC, 0x08, 0x38, 10, 0x38",
        "0xEC, 0x08, 0x68, 12, 0x68"
    })
    void aCallGateChecksEveryStepAndNamesTheSelectorAtFault(
            String gate, String target, String stack, int vector, String code) {
        try (var rig = Rig.user32()) {
            rig.descriptor(Rig.FREE, Descriptor.gate(Integer.decode(target), TARGET, Integer.decode(gate), 0));
            rig.descriptor(0x68, Descriptor.flat(Descriptor.absent(Descriptor.DATA), Descriptor.BIG));
            rig.put32(Rig.TSS + 8, Integer.decode(stack));
            // The handler is conforming, so it runs on the user's stack.
            rig.descriptor(0x70, Descriptor.flat(Descriptor.CONFORMING, Descriptor.BIG));
            for (int n = 10; n < 14; n++) {
                rig.put(0x1_5000 + 16 * n, 0xCD, Rig.DONE);
                rig.gate(n, Descriptor.gate(0x70, 0x1_5000 + 16 * n, Descriptor.INTERRUPT_GATE, 0));
            }
            rig.put(0x1_5000 + 16 * vector, 0xE6, Rig.STOP_PORT);
            rig.code(a -> {
                rig.mark(a, "far");
                far(a, true, Rig.FREE | 3, 0);
            });

            rig.runToStopPort();

            long sp = rig.cpu.gpr[4];
            assertThat(rig.cpu.rip).isEqualTo(0x1_5002 + 16 * vector);
            assertThat(rig.cpu.cpl).isEqualTo(3);
            assertThat(rig.get32(sp)).isEqualTo(Integer.decode(code).longValue());
            assertThat(rig.get32(sp + 4)).isEqualTo(rig.at("far"));
            assertThat(sp + 16).isEqualTo(Rig.USER_STACK);
        }
    }

    @Test
    void a64BitCallGatePushesFourQuadwordsAndMakesSsNull() {
        try (var rig = Rig.user64()) {
            rig.descriptor(Rig.FREE, Descriptor.gate(Rig.CS64, TARGET, Descriptor.dpl(Descriptor.CALL_GATE, 3), 0));
            rig.put64(Rig.GDT + Rig.FREE + 8, 0);
            rig.put(TARGET, 0xF4);
            rig.put32(Rig.USER_DATA + 4, Rig.FREE | 3);
            rig.code(a -> {
                a.mov(Reg.RBX, Rig.USER_DATA);
                // call far m16:32
                a.db(0xFF, 0x5B, 0x00);
                rig.mark(a, "behind");
            });

            var stop = rig.run();

            assertThat(stop.rip()).isEqualTo(TARGET + 1);
            assertThat(stop.ss()).isZero();
            assertThat(stop.sp()).isEqualTo(Rig.STACK - 32);
            assertThat(rig.get64(Rig.STACK - 8)).isEqualTo(Rig.USER_DS);
            assertThat(rig.get64(Rig.STACK - 16)).isEqualTo(Rig.USER_STACK);
            assertThat(rig.get64(Rig.STACK - 24)).isEqualTo(Rig.USER_CS64);
            assertThat(rig.get64(Rig.STACK - 32)).isEqualTo(rig.at("behind"));
        }
    }

    @Test
    void conformingCodeKeepsTheLevelAndItsSelectorShowsIt() {
        try (var rig = Rig.user32()) {
            rig.descriptor(Rig.FREE, Descriptor.flat(Descriptor.CONFORMING, Descriptor.BIG));
            rig.put(TARGET, 0xCD, Rig.DONE);
            rig.code(a -> far(a, false, Rig.FREE, TARGET));

            var stop = rig.run();

            assertThat(stop.cs()).isEqualTo(Rig.FREE | 3);
            assertThat(stop.rip()).isEqualTo(TARGET + 2);
        }
    }

    @Test
    void aFarReturnToAnOuterLevelIsRefusedWithoutItsStack() {
        try (var rig = Rig.protected32()) {
            rig.code(a -> {
                a.push((long) Rig.DS);
                a.push((long) Rig.USER_STACK);
                a.push((long) Rig.USER_CS32);
                a.push((long) Rig.USER_CODE);
                rig.mark(a, "retf");
                a.retf();
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(13);
            assertThat(stop.code()).isEqualTo(Rig.DS);
            assertThat(stop.rip()).isEqualTo(rig.at("retf"));
            assertThat(stop.sp()).isEqualTo(Rig.STACK - 16);
            assertThat(rig.cpu.cpl).isZero();
        }
    }
}
