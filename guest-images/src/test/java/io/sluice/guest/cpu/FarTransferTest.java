package io.sluice.guest.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.asm.Asm;
import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Reg;
import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.CpuState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Far jumps, calls and returns, call gates, and IRET.
@Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
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

    @Test
    void anInterruptStackIsTakenByNumberAndAlignedAndSsStays() {
        try (var rig = Rig.long64()) {
            rig.gate(6, Descriptor.gate(Rig.CS64, Rig.HANDLERS + 16 * 6, Descriptor.INTERRUPT_GATE, 1));
            rig.cpu.gpr[4] = Rig.STACK - 3;
            rig.code(a -> a.plain(io.sluice.guest.asm.Plain.UD2));

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(6);
            assertThat(stop.sp()).isEqualTo(Rig.STACK - 3);
            assertThat(stop.ss()).isEqualTo(Rig.DS);
            assertThat(rig.cpu.gpr[4]).isEqualTo(Rig.IST1 - 40);
            assertThat(rig.cpu.segments[Insn.SS].selector).isEqualTo(Rig.DS);
        }
    }

    @Test
    void aSameLevelInterruptAlignsTheStackTo16() {
        try (var rig = Rig.long64()) {
            rig.cpu.gpr[4] = Rig.STACK - 5;
            rig.code(a -> a.intr(0x30));

            var stop = rig.run();

            assertThat(stop.sp()).isEqualTo(Rig.STACK - 5);
            assertThat(rig.cpu.gpr[4]).isEqualTo((Rig.STACK - 5 & ~15) - 40);
        }
    }

    /// Vector and error code when INT n goes through a gate with this access byte and target.
    @ParameterizedTest(name = "INT {0} from level {4}, gate {1} to {2}: {3}")
    @CsvSource({
        "0x30, 0x8E, 0x18, '0x30 -1', 0",
        "0x30, 0x8E, 0x18, '13 0x182', 3",
        "0x30, 0xEE, 0x18, '0x30 -1', 3",
        "0x30, 0x0E, 0x18, '11 0x182', 0",
        "0x30, 0x8C, 0x18, '13 0x182', 0",
        "0x30, 0x86, 0x18, '13 0x182', 0",
        "0x30, 0x85, 0x18, '13 0x182', 0",
        "0x30, 0xEE, 0x00, '13 0', 0",
        "0x30, 0xEE, 0x10, '13 0x10', 0",
        "0x30, 0xEE, 0x08, '13 0x8', 0",
        "0x30, 0xEE, 0x100, '13 0x100', 0",
        "0x30, 0xEE, 0x43, '13 0x40', 0"
    })
    void aGateIsCheckedAndASoftwareInterruptIsNotExternal(
            String vector, String access, String target, String outcome, int level) {
        try (var rig = level == 0 ? Rig.long64() : Rig.user64()) {
            int number = Integer.decode(vector);
            rig.gate(
                    number,
                    Descriptor.gate(Integer.decode(target), Rig.HANDLERS + 16L * number, Integer.decode(access), 0));
            rig.code(a -> {
                rig.mark(a, "int");
                a.intr(number);
                rig.mark(a, "behind");
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(Integer.decode(outcome.split(" ")[0]));
            assertThat(stop.code()).isEqualTo(Integer.decode(outcome.split(" ")[1]));
            assertThat(stop.rip()).isEqualTo(rig.at(stop.vector() == number ? "behind" : "int"));
        }
    }

    @Test
    void aFaultWhileAnExceptionIsDeliveredSaysExternal() {
        try (var rig = Rig.long64()) {
            rig.gate(6, Descriptor.gate(0x100, 0, Descriptor.INTERRUPT_GATE, 0));
            rig.code(a -> {
                rig.mark(a, "ud2");
                a.plain(io.sluice.guest.asm.Plain.UD2);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(13);
            assertThat(stop.code()).isEqualTo(0x101);
            assertThat(stop.rip()).isEqualTo(rig.at("ud2"));
        }
    }

    @Test
    void aVectorBeyondTheTableIsAFaultOfItsEntry() {
        try (var rig = Rig.long64()) {
            rig.cpu.idtLimit = 16 * 0x40 - 1;
            rig.code(a -> a.intr(0x40));

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(13);
            assertThat(stop.code()).isEqualTo(0x40 * 8 | 2);
        }
    }

    @Test
    void a16BitGatePushesWordsAndATrapGateKeepsInterruptsOn() {
        try (var rig = Rig.protected32()) {
            rig.gate(0x30, Descriptor.gate(Rig.CS32, 0xF000, Descriptor.TRAP_GATE16, 0));
            rig.put(0xF000, 0xF4);
            rig.cpu.systemFlags |= CpuState.IF;
            rig.code(a -> {
                a.intr(0x30);
                rig.mark(a, "behind");
            });

            var stop = rig.run();

            assertThat(stop.rip()).isEqualTo(0xF001);
            assertThat(stop.has(CpuState.IF)).isTrue();
            assertThat(stop.sp()).isEqualTo(Rig.STACK - 6);
            assertThat(rig.get16(Rig.STACK - 6)).isEqualTo((int) rig.at("behind") & 0xFFFF);
            assertThat(rig.get16(Rig.STACK - 4)).isEqualTo(Rig.CS32);
            assertThat(rig.get16(Rig.STACK - 2)).isEqualTo(0x202);
        }
    }

    @Test
    void aStackThatDoesNotFitTheTaskStateIsAnInvalidTaskState() {
        try (var rig = Rig.user64()) {
            rig.cpu.tr.limit = 3;
            rig.gate(10, Descriptor.gate(Rig.USER_CS64, Rig.USER_CODE + 0x800, Descriptor.INTERRUPT_GATE, 0));
            rig.put(Rig.USER_CODE + 0x800, 0xE6, Rig.STOP_PORT);
            rig.code(a -> a.intr(3));

            rig.runToStopPort();

            // The handler of #TS is at level 3 and needs no other stack.
            assertThat(rig.cpu.rip).isEqualTo(Rig.USER_CODE + 0x802);
            assertThat(rig.get64(rig.cpu.gpr[4])).isEqualTo(Rig.TASK);
        }
    }

    @Test
    void theStackOfAUserLevelHandlerIsWrittenAsUser() {
        try (var rig = Rig.user64()) {
            rig.gate(3, Descriptor.gate(Rig.USER_CS64, Rig.USER_CODE, Descriptor.dpl(Descriptor.TRAP_GATE, 3), 0));
            rig.cpu.gpr[4] = Rig.DATA;
            rig.code(a -> a.intr(3));

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(14);
            assertThat(stop.code()).isEqualTo(7);
            assertThat(rig.cpu.cr2).isBetween((long) Rig.DATA - 40, (long) Rig.DATA - 8);
        }
    }

    @Test
    void loadingAFarPointerOfANonPresentStackIsAStackFault() {
        try (var rig = Rig.protected32()) {
            rig.descriptor(Rig.FREE, Descriptor.flat(Descriptor.absent(Descriptor.DATA), Descriptor.BIG));
            rig.put32(Rig.DATA, 0x1234);
            rig.put16(Rig.DATA + 4, Rig.FREE);
            rig.code(a -> {
                a.mov(Reg.EBX, Rig.DATA);
                rig.mark(a, "lss");
                // lss eax, [ebx]
                a.db(0x0F, 0xB2, 0x03);
                a.mov(Reg.EAX, Mem.absolute(0));
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(12);
            assertThat(stop.code()).isEqualTo(Rig.FREE);
            assertThat(stop.rip()).isEqualTo(rig.at("lss"));
            assertThat(rig.cpu.gpr[0]).isZero();
        }
    }
}
