package io.sluice.guest.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Plain;
import io.sluice.guest.asm.Reg;
import io.sluice.vmm.cpu.interp.Interpreter;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.irq.DeliveryMode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Faults while faults are delivered, and INIT.
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FaultChainTest {
    private static Rig rig() {
        var rig = Rig.long64();
        rig.enableApic();
        rig.map(0x3F_E000, 0xFEE0_0000L | Rig.PRESENT | Rig.WRITABLE);
        return rig;
    }

    /// The gate of the first fault is missing, which makes #GP of its entry.
    @ParameterizedTest(name = "{0} without its gate: {1}({2})")
    @CsvSource({"0, 8, 0", "13, 8, 0", "14, 8, 0", "6, 13, 0x33", "3, 13, 0x1A"})
    void twoFaultsMakeADoubleFaultByTheirClasses(int first, int vector, String code) {
        try (var rig = Rig.long64()) {
            rig.gate(first, 0);
            rig.map(Rig.DATA, 0);
            rig.code(a -> {
                a.mov(Reg.RBX, 1L << 50);
                rig.mark(a, "fault");
                switch (first) {
                    case 0 -> a.div(Reg.CL);
                    case 3 -> a.plain(Plain.INT3);
                    case 6 -> a.plain(Plain.UD2);
                    case 13 -> a.mov(Reg.RAX, Mem.at(Reg.RBX));
                    default -> a.mov(Reg.RAX, Mem.absolute(Rig.DATA));
                }
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(vector);
            assertThat(stop.code()).isEqualTo(Integer.decode(code));
            assertThat(stop.rip()).isEqualTo(rig.at("fault"));
        }
    }

    @Test
    void aPageFaultWhileAPageFaultIsDeliveredIsADoubleFaultAndCr2TellsTheSecond() {
        try (var rig = Rig.long64()) {
            rig.gate(8, Descriptor.gate(Rig.CS64, Rig.HANDLERS + 16 * 8, Descriptor.INTERRUPT_GATE, 1));
            rig.map(Rig.DATA, 0);
            rig.map(Rig.DATA - 0x1000, 0);
            rig.cpu.gpr[4] = Rig.DATA + 8;
            rig.code(a -> {
                rig.mark(a, "push");
                a.push(Reg.RAX);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(8);
            assertThat(stop.code()).isZero();
            assertThat(stop.rip()).isEqualTo(rig.at("push"));
            assertThat(stop.sp()).isEqualTo(Rig.DATA + 8);
            assertThat(rig.cpu.cr2).isBetween((long) Rig.DATA - 48, (long) Rig.DATA);
        }
    }

    @Test
    void aPageFaultWhileAContributoryFaultIsDeliveredComesInTurn() {
        try (var rig = Rig.long64()) {
            rig.gate(14, Descriptor.gate(Rig.CS64, Rig.HANDLERS + 16 * 14, Descriptor.INTERRUPT_GATE, 1));
            rig.map(Rig.DATA, 0);
            rig.code(a -> {
                a.mov(Reg.RBX, 1L << 50);
                a.mov(Reg.RSP, Rig.DATA + 0x1000);
                rig.mark(a, "load");
                a.mov(Reg.RAX, Mem.at(Reg.RBX));
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(14);
            assertThat(stop.code()).isEqualTo(2);
            assertThat(stop.rip()).isEqualTo(rig.at("load"));
        }
    }

    @Test
    void aFaultWhileADoubleFaultIsDeliveredShutsTheProcessorDown() {
        try (var rig = Rig.long64()) {
            rig.cpu.idtLimit = 0;
            rig.code(a -> a.plain(Plain.UD2));

            assertThat(rig.runToExit()).isEqualTo(Interpreter.Exit.SHUTDOWN);
        }
    }

    @Test
    void anInterruptWhoseHandlerFaultsIsABenignFirstFault() {
        try (var rig = rig()) {
            rig.cpu.systemFlags |= CpuState.IF;
            rig.gate(0x50, 0);
            rig.interrupt(0x50);
            rig.code(a -> a.plain(Plain.NOP));

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(13);
            assertThat(stop.code()).isEqualTo(0x50 * 8 | 3);
        }
    }

    @Test
    void initResetsTheProcessorButNotItsFloatingPointNorItsMsrs() {
        try (var rig = rig()) {
            rig.cpu.msrs.lstar = 0x1234;
            rig.cpu.fpu.mxcsr = 0x1FA0;
            rig.ports.onWrite = () -> {
                rig.bus.deliver(0, false, DeliveryMode.INIT, 0, false);
                rig.interpreter.attend(io.sluice.vmm.cpu.interp.Attention.STOP);
            };
            rig.code(a -> {
                a.mov(Reg.EDX, Ports.FIRST);
                a.outDx(Reg.AL);
            });

            var exit = rig.runToExit();

            assertThat(exit).isEqualTo(Interpreter.Exit.STOPPED);
            assertThat(rig.cpu.rip).isEqualTo(0xFFF0);
            assertThat(rig.cpu.segments[1].base).isEqualTo(0xFFFF_0000L);
            assertThat(rig.cpu.cr0).isEqualTo(0x10);
            assertThat(rig.cpu.efer).isZero();
            assertThat(rig.cpu.msrs.lstar).isEqualTo(0x1234);
            assertThat(rig.cpu.fpu.mxcsr).isEqualTo(0x1FA0);
            assertThat(rig.apic.read(0xF0)).isEqualTo(0xFF);
        }
    }
}
