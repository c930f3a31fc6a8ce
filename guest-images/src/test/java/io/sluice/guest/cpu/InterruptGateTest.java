package io.sluice.guest.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Reg;
import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.CpuState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Interrupt and trap gates, stacks and error codes.
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class InterruptGateTest {
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
