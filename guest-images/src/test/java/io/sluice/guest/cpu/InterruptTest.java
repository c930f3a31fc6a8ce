package io.sluice.guest.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.asm.Asm;
import io.sluice.guest.asm.Condition;
import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Plain;
import io.sluice.guest.asm.Reg;
import io.sluice.vmm.cpu.state.CpuState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// When interrupts come and when they wait, priorities, NMI, double and triple faults.
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class InterruptTest {
    private static final long APIC_EOI = 0xFEE0_00B0L;

    private static Rig rig() {
        var rig = Rig.long64();
        rig.enableApic();
        rig.map(0x3F_E000, 0xFEE0_0000L | Rig.PRESENT | Rig.WRITABLE);
        return rig;
    }

    private static void endOfInterrupt(Asm a) {
        a.mov(Mem.absolute(0x3F_E000 + (APIC_EOI & 0xFFF)).bytes4(), 0);
    }

    @Test
    void stiLetsExactlyOneInstructionPassBeforeAnInterrupt() {
        try (var rig = rig()) {
            rig.interrupt(0x50);
            rig.code(a -> {
                a.plain(Plain.NOP);
                a.plain(Plain.STI);
                a.mov(Reg.EAX, 1);
                rig.mark(a, "second");
                a.mov(Reg.EBX, 1);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(0x50);
            assertThat(stop.rip()).isEqualTo(rig.at("second"));
            assertThat(rig.cpu.gpr[0]).isEqualTo(1);
            assertThat(rig.cpu.gpr[3]).isZero();
            assertThat(stop.has(CpuState.IF)).isTrue();
        }
    }

    @Test
    void cliInTheWindowOfStiKeepsInterruptsOut() {
        try (var rig = rig()) {
            rig.interrupt(0x50);
            rig.code(a -> {
                a.plain(Plain.STI);
                a.plain(Plain.CLI);
                a.plain(Plain.NOP);
            });

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
        }
    }

    @Test
    void stiThenHltWakesBehindTheHlt() {
        try (var rig = rig()) {
            rig.interrupt(0x50);
            rig.code(a -> {
                a.plain(Plain.STI);
                a.plain(Plain.HLT);
                rig.mark(a, "behind");
                a.plain(Plain.NOP);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(0x50);
            assertThat(stop.rip()).isEqualTo(rig.at("behind"));
        }
    }

    @Test
    void stiWhileInterruptsAreOnOpensNoWindow() {
        try (var rig = rig()) {
            rig.cpu.systemFlags |= CpuState.IF;
            rig.ports.onWrite = () -> rig.interrupt(0x50);
            rig.code(a -> {
                a.mov(Reg.EDX, Ports.FIRST);
                a.outDx(Reg.AL);
                rig.mark(a, "behind");
                a.plain(Plain.STI);
                a.plain(Plain.NOP);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(0x50);
            assertThat(stop.rip()).isEqualTo(rig.at("behind"));
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"MOV", "POP"})
    void loadingTheStackSegmentLetsExactlyOneInstructionPass(String how) {
        try (var rig = Rig.protected32()) {
            rig.enableApic();
            rig.interrupt(0x50);
            rig.code(a -> {
                a.mov(Reg.EAX, Rig.DS);
                a.push(Reg.EAX);
                // The window of STI ends in that of the stack segment.
                a.plain(Plain.STI);
                if (how.equals("MOV")) {
                    a.mov(Reg.SS, Reg.EAX);
                } else {
                    a.db(0x17);
                }
                a.mov(Reg.ECX, 1);
                rig.mark(a, "second");
                a.mov(Reg.EBX, 1);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(0x50);
            assertThat(stop.rip()).isEqualTo(rig.at("second"));
            assertThat(rig.cpu.gpr[1]).isEqualTo(1);
        }
    }

    @Test
    void anNmiIsBlockedUntilIretAndOneIsKept() {
        try (var rig = rig()) {
            rig.ports.onWrite = rig::nmi;
            rig.handler(2, a -> {
                a.inc(Reg.RBX);
                a.mov(Reg.EDX, Ports.FIRST);
                a.cmp(Reg.RBX, 1);
                a.j(Condition.NE, "out");
                a.outDx(Reg.AL);
                a.outDx(Reg.AL);
                a.inc(Reg.RCX);
                a.label("out");
                a.iret();
            });
            rig.code(a -> {
                a.mov(Reg.EDX, Ports.FIRST);
                a.outDx(Reg.AL);
                a.plain(Plain.NOP);
            });

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(rig.cpu.gpr[3]).isEqualTo(2);
            assertThat(rig.cpu.gpr[1]).isEqualTo(1);
        }
    }

    @Test
    void anNmiComesWithInterruptsOffAndWakesAHaltedProcessor() {
        try (var rig = rig()) {
            rig.code(a -> a.plain(Plain.NOP));
            var halted = rig.run();
            rig.nmi();

            var stop = rig.proceed();

            assertThat(halted.isEnd()).isTrue();
            assertThat(stop.vector()).isEqualTo(2);
            assertThat(stop.rip()).isEqualTo(halted.rip());
        }
    }

    @Test
    void aFaultingIretLetsNmisThroughAgain() {
        try (var rig = rig()) {
            rig.ports.onWrite = rig::nmi;
            rig.handler(2, a -> {
                a.inc(Reg.RBX);
                a.cmp(Reg.RBX, 2);
                a.j(Condition.E, "stop");
                a.push(0L);
                a.push(0L);
                a.push(0L);
                a.push(0L);
                a.push(0L);
                a.iret();
                a.label("stop");
                a.plain(Plain.HLT);
            });
            rig.handler(13, a -> {
                a.mov(Reg.EDX, Ports.FIRST);
                a.outDx(Reg.AL);
                a.plain(Plain.HLT);
            });
            rig.code(a -> {
                a.mov(Reg.EDX, Ports.FIRST);
                a.outDx(Reg.AL);
            });

            rig.run();

            assertThat(rig.cpu.gpr[3]).isEqualTo(2);
        }
    }

    @Test
    void theHigherPriorityComesFirstAndTheLowerWhenThatIsEnded() {
        try (var rig = rig()) {
            for (int vector : new int[] {0x40, 0x50, 0x51}) {
                rig.handler(vector, a -> {
                    a.shl(Reg.RBX, 8);
                    a.or(Reg.RBX, vector);
                    a.plain(Plain.STI);
                    a.plain(Plain.NOP);
                    a.plain(Plain.NOP);
                    a.plain(Plain.CLI);
                    endOfInterrupt(a);
                    a.iret();
                });
                rig.interrupt(vector);
            }
            rig.code(a -> {
                a.plain(Plain.STI);
                a.plain(Plain.NOP);
                a.plain(Plain.NOP);
                a.plain(Plain.CLI);
            });

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(rig.cpu.gpr[3]).isEqualTo(0x51_50_40);
        }
    }

    @Test
    void aHigherClassInterruptsTheHandlerOfALower() {
        try (var rig = rig()) {
            rig.ports.onWrite = () -> rig.interrupt(0x60);
            rig.handler(0x50, a -> {
                a.mov(Reg.EDX, Ports.FIRST);
                a.outDx(Reg.AL);
                a.plain(Plain.STI);
                a.plain(Plain.NOP);
                rig.mark(a, "inside");
                a.plain(Plain.NOP);
                a.plain(Plain.HLT);
            });
            rig.interrupt(0x50);
            rig.code(a -> {
                a.plain(Plain.STI);
                a.plain(Plain.NOP);
                a.plain(Plain.NOP);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(0x60);
            assertThat(stop.rip()).isEqualTo(rig.at("inside"));
        }
    }

    @ParameterizedTest(name = "CR8 = {0}: 0x50 comes: {1}")
    @CsvSource({"4, true", "5, false", "15, false"})
    void theTaskPriorityHoldsBackItsClassAndBelow(int priority, boolean comes) {
        try (var rig = rig()) {
            rig.interrupt(0x50);
            rig.code(a -> {
                a.mov(Reg.EAX, priority);
                a.mov(Reg.CR8, Reg.RAX);
                a.plain(Plain.STI);
                a.plain(Plain.NOP);
                a.plain(Plain.NOP);
                a.plain(Plain.CLI);
                a.mov(Reg.RBX, Reg.CR8);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(comes ? 0x50 : Stop.END);
            assertThat(rig.cpu.gpr[3]).isEqualTo(comes ? 0 : priority);
            assertThat(rig.apic.read(0x80)).isEqualTo(priority << 4);
        }
    }

    @Test
    void loweringCr8DeliversWhatWaited() {
        try (var rig = rig()) {
            rig.cpu.systemFlags |= CpuState.IF;
            rig.apic.setTaskPriority(15);
            rig.interrupt(0x50);
            rig.code(a -> {
                a.xor(Reg.EAX, Reg.EAX);
                a.mov(Reg.CR8, Reg.RAX);
                rig.mark(a, "behind");
                a.plain(Plain.NOP);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(0x50);
            assertThat(stop.rip()).isEqualTo(rig.at("behind"));
        }
    }

    @Test
    void popfThatSetsIfOpensAtOnce() {
        try (var rig = rig()) {
            rig.interrupt(0x50);
            rig.code(a -> {
                a.push(0x202L);
                a.plain(Plain.POPF);
                rig.mark(a, "behind");
                a.plain(Plain.NOP);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(0x50);
            assertThat(stop.rip()).isEqualTo(rig.at("behind"));
        }
    }

    @Test
    void anInterruptComesBetweenTheElementsOfAString() {
        try (var rig = rig()) {
            rig.cpu.systemFlags |= CpuState.IF;
            rig.ports.onWrite = () -> {
                if (rig.ports.written.size() == 100) {
                    rig.interrupt(0x50);
                }
            };
            rig.code(a -> {
                a.mov(Reg.RSI, Rig.DATA);
                a.mov(Reg.EDX, Ports.FIRST);
                a.mov(Reg.ECX, 50_000);
                rig.mark(a, "outsb");
                a.db(0xF3, 0x6E);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(0x50);
            assertThat(stop.rip()).isEqualTo(rig.at("outsb"));
            assertThat(stop.has(CpuState.RF)).isTrue();
            assertThat(rig.cpu.gpr[1]).isEqualTo(50_000 - rig.ports.written.size());
            assertThat(rig.cpu.gpr[6]).isEqualTo(Rig.DATA + rig.ports.written.size());
            assertThat(rig.ports.written.size()).isBetween(100, 10_000);
        }
    }

    // ---- double faults and the end
}
