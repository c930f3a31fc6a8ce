package io.sluice.guest.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.asm.Asm;
import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Plain;
import io.sluice.guest.asm.Reg;
import io.sluice.vmm.cpu.state.CpuState;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Single step, breakpoints and the debug registers. The handler of #DB goes back, so a test sees every trap there was.
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DebugTest {
    private static final long BS = 1 << 14;
    private static final long BD = 1 << 13;

    private record Trap(long rip, long dr6, long flags) {}

    private final List<Trap> traps = new ArrayList<>();

    /// The handler tells the test by a port, clears DR6 and returns.
    private Rig rig() {
        var rig = Rig.long64();
        rig.ports.onWrite = () -> traps.add(
                new Trap(rig.get64(rig.cpu.gpr[4] + 16), rig.cpu.dr[6] & 0xE00F, rig.get64(rig.cpu.gpr[4] + 32)));
        rig.handler(1, a -> {
            a.push(Reg.RAX);
            a.push(Reg.RDX);
            a.mov(Reg.EDX, Ports.FIRST);
            a.outDx(Reg.AL);
            a.mov(Reg.EAX, 0xFFFF_0FF0L);
            a.mov(Reg.DR6, Reg.RAX);
            // RF, so that a breakpoint lets its instruction pass.
            a.or(Mem.at(Reg.RSP, 32).bytes4(), CpuState.RF);
            a.pop(Reg.RDX);
            a.pop(Reg.RAX);
            a.iret();
        });
        return rig;
    }

    private static void trapFlag(Asm a, boolean on) {
        a.push(on ? 0x102L : 2L);
        a.plain(Plain.POPF);
    }

    private List<Long> rips() {
        return traps.stream().map(Trap::rip).toList();
    }

    @Test
    void theTrapFlagTrapsBehindEachInstructionFromTheOneAfterPopfToThePopfThatClearsIt() {
        try (var rig = rig()) {
            rig.code(a -> {
                trapFlag(a, true);
                a.plain(Plain.NOP);
                rig.mark(a, "1");
                a.push(2L);
                rig.mark(a, "2");
                a.plain(Plain.POPF);
                rig.mark(a, "3");
                a.plain(Plain.NOP);
            });

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(rips()).containsExactly(rig.at("1"), rig.at("2"), rig.at("3"));
            assertThat(traps).allMatch(trap -> trap.dr6 == BS);
            assertThat(traps.getFirst().flags & CpuState.RF).isZero();
        }
    }

    @Test
    void iretSetsTheTrapFlagForTheInstructionItReturnsTo() {
        try (var rig = rig()) {
            rig.code(a -> {
                a.push((long) Rig.DS);
                a.push((long) Rig.STACK);
                a.push(0x102L);
                a.push((long) Rig.CS64);
                a.movLabel(Reg.RAX, "next");
                a.push(Reg.RAX);
                a.iret();
                rig.mark(a, "next");
                a.plain(Plain.NOP);
                rig.mark(a, "1");
                trapFlag(a, false);
                rig.mark(a, "3");
            });

            rig.run();

            assertThat(rips()).startsWith(rig.at("1")).endsWith(rig.at("3")).hasSize(3);
        }
    }

    @Test
    void aSoftwareInterruptClearsTheTrapFlagAndIsNotTrappedBehind() {
        try (var rig = rig()) {
            rig.code(a -> {
                trapFlag(a, true);
                a.intr(0x30);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(0x30);
            assertThat(stop.has(CpuState.TF)).isTrue();
            assertThat(traps).isEmpty();
        }
    }

    @Test
    void aFaultIsNotTrappedBehindEither() {
        try (var rig = rig()) {
            rig.code(a -> {
                trapFlag(a, true);
                rig.mark(a, "ud2");
                a.plain(Plain.UD2);
            });

            var stop = rig.run();

            assertThat(stop.vector()).isEqualTo(6);
            assertThat(stop.rip()).isEqualTo(rig.at("ud2"));
            assertThat(traps).isEmpty();
        }
    }

    @Test
    void aRepeatedStringIsTrappedBehindEachElement() {
        try (var rig = rig()) {
            rig.code(a -> {
                a.mov(Reg.RDI, Rig.DATA);
                a.mov(Reg.ECX, 3);
                trapFlag(a, true);
                rig.mark(a, "stosb");
                a.plain(Plain.REP_STOSB);
                rig.mark(a, "behind");
                trapFlag(a, false);
            });

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(rips().subList(0, 3)).containsExactly(rig.at("stosb"), rig.at("stosb"), rig.at("behind"));
            assertThat(traps.get(0).flags & CpuState.RF).isEqualTo(CpuState.RF);
            assertThat(rig.cpu.gpr[1]).isZero();
        }
    }

    @Test
    void theSingleStepBehindMovSsIsLost() {
        try (var rig = rig()) {
            rig.code(a -> {
                a.mov(Reg.EAX, Rig.DS);
                trapFlag(a, true);
                a.mov(Reg.SS, Reg.EAX);
                a.plain(Plain.NOP);
                rig.mark(a, "2");
                trapFlag(a, false);
            });

            rig.run();

            assertThat(rips().getFirst()).isEqualTo(rig.at("2"));
            assertThat(traps).hasSize(3);
        }
    }

    @Test
    void haltUnderTheTrapFlagIsWokenByItsTrap() {
        try (var rig = rig()) {
            rig.code(a -> {
                trapFlag(a, true);
                a.plain(Plain.HLT);
                rig.mark(a, "behind");
                trapFlag(a, false);
                a.mov(Reg.EBX, 1);
            });

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(rips().getFirst()).isEqualTo(rig.at("behind"));
            assertThat(rig.cpu.gpr[3]).isEqualTo(1);
        }
    }

    @ParameterizedTest(name = "FMASK has TF: {0}")
    @CsvSource({"true, 0", "false, 1"})
    void syscallIsTrappedByTheFlagsThatItLeaves(boolean masked, int expected) {
        try (var rig = rig()) {
            rig.cpu.msrs.star = (long) Rig.CS64 << 32;
            rig.cpu.msrs.lstar = Rig.HANDLER_CODE + 0x800;
            rig.cpu.msrs.fmask = masked ? CpuState.TF : 0;
            rig.put(Rig.HANDLER_CODE + 0x800, 0xF4);
            rig.code(a -> {
                trapFlag(a, true);
                a.plain(Plain.SYSCALL);
            });

            rig.run();

            assertThat(traps.stream().filter(trap -> trap.rip == Rig.HANDLER_CODE + 0x800))
                    .hasSize(expected);
        }
    }

    @Test
    void anInstructionBreakpointFaultsBeforeItsInstructionAndRfLetsItPassOnce() {
        try (var rig = rig()) {
            rig.code(a -> {
                a.mov(Reg.ECX, 2);
                rig.mark(a, "here");
                a.dec(Reg.ECX);
                a.j(io.sluice.guest.asm.Condition.NE, "here");
            });
            rig.cpu.dr[1] = rig.at("here");
            rig.cpu.dr[7] = 0x400 | 1 << 2;

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(rips()).containsExactly(rig.at("here"), rig.at("here"));
            assertThat(traps.getFirst().dr6).isEqualTo(1 << 1);
            assertThat(traps.getFirst().flags & CpuState.RF).isEqualTo(CpuState.RF);
        }
    }

    @Test
    void rfIsUsedUpByAJumpToo() {
        try (var rig = rig()) {
            rig.code(a -> {
                a.mov(Reg.ECX, 3);
                rig.mark(a, "here");
                // loop here
                a.db(0xE2, 0xFE);
            });
            rig.cpu.dr[0] = rig.at("here");
            rig.cpu.dr[7] = 0x401;

            rig.run();

            assertThat(traps).hasSize(3);
        }
    }

    @ParameterizedTest(name = "R/W {0}, LEN {1} at +{2}: a {3} of {4} bytes at +{5} traps: {6}")
    @CsvSource({
        "1, 0, 0, W, 1, 0, true",
        "1, 0, 0, R, 1, 0, false",
        "3, 0, 0, R, 1, 0, true",
        "1, 0, 3, W, 4, 0, true",
        "1, 0, 4, W, 4, 0, false",
        "1, 3, 0, W, 1, 3, true",
        "1, 3, 0, W, 1, 4, false",
        "1, 1, 2, W, 1, 3, true",
        "1, 2, 0, W, 1, 7, true",
        "1, 3, 8, W, 8, 1, true"
    })
    void aDataBreakpointTrapsBehindAnAccessThatTouchesIt(
            int kind, int length, int at, String access, int size, int offset, boolean traps) {
        try (var rig = rig()) {
            rig.cpu.dr[2] = (long) Rig.DATA + at;
            rig.cpu.dr[7] = 0x400 | 1 << 4 | kind << 24 | length << 26;
            var register = size == 1 ? Reg.AL : size == 4 ? Reg.EAX : Reg.RAX;
            rig.code(a -> {
                if (access.equals("W")) {
                    a.mov(Mem.absolute(Rig.DATA + offset), register);
                } else {
                    a.mov(register, Mem.absolute(Rig.DATA + offset));
                }
                rig.mark(a, "behind");
                a.plain(Plain.NOP);
            });

            rig.run();

            assertThat(rips()).isEqualTo(traps ? List.of(rig.at("behind")) : List.of());
        }
    }

    @Test
    void aDataBreakpointSeesStringsAndReadModifyWrites() {
        try (var rig = rig()) {
            rig.cpu.dr[0] = Rig.DATA + 5;
            rig.cpu.dr[7] = 0x401 | 1 << 16;
            rig.code(a -> {
                a.mov(Reg.RDI, Rig.DATA);
                a.mov(Reg.ECX, 10);
                rig.mark(a, "stosb");
                a.plain(Plain.REP_STOSB);
                a.plain(Plain.LOCK);
                a.inc(Mem.absolute(Rig.DATA + 4).bytes4());
                rig.mark(a, "behind");
            });

            rig.run();

            assertThat(rips()).containsExactly(rig.at("stosb"), rig.at("behind"));
        }
    }

    @Test
    void aDataBreakpointOfMovSsWaitsForTheNextInstruction() {
        try (var rig = rig()) {
            rig.put16(Rig.DATA, Rig.DS);
            rig.cpu.dr[0] = Rig.DATA;
            rig.cpu.dr[7] = 0x401 | 3 << 16 | 1 << 18;
            rig.code(a -> {
                a.mov(Reg.RBX, Rig.DATA);
                a.mov(Reg.SS, Mem.at(Reg.RBX));
                a.mov(Reg.ECX, 1);
                rig.mark(a, "second");
                a.plain(Plain.NOP);
            });

            rig.run();

            assertThat(rips()).containsExactly(rig.at("second"));
            assertThat(traps.getFirst().dr6).isEqualTo(1);
        }
    }

    @ParameterizedTest(name = "CR4.DE {0}")
    @CsvSource({"true, 1", "false, 0"})
    void aPortBreakpointNeedsTheDebuggingExtension(boolean enabled, int expected) {
        try (var rig = rig()) {
            rig.cpu.cr4 |= enabled ? 8 : 0;
            rig.cpu.dr[3] = Rig.STOP_PORT + 1;
            rig.cpu.dr[7] = 0x400 | 1 << 6 | 2L << 28;
            rig.code(a -> {
                a.in(Reg.AL, Rig.STOP_PORT + 1);
                rig.mark(a, "behind");
                a.in(Reg.AL, Rig.STOP_PORT + 2);
            });

            rig.run();

            assertThat(traps).hasSize(expected);
            assertThat(traps).allMatch(trap -> trap.rip == rig.at("behind") && trap.dr6 == 8);
        }
    }

    @Test
    void generalDetectGuardsTheRegistersAndIsClearInTheHandler() {
        try (var rig = rig()) {
            rig.cpu.dr[7] = 0x400 | 1 << 13;
            rig.code(a -> {
                rig.mark(a, "mov");
                a.mov(Reg.RBX, Reg.DR0);
            });

            var stop = rig.run();

            assertThat(stop.isEnd()).isTrue();
            assertThat(traps).containsExactly(new Trap(rig.at("mov"), BD, traps.getFirst().flags));
            assertThat(rig.cpu.dr[7]).isEqualTo(0x400);
        }
    }

    @Test
    void int1IsADebugTrapWithoutABitOfItsOwn() {
        try (var rig = rig()) {
            rig.code(a -> {
                a.db(0xF1);
                rig.mark(a, "behind");
            });

            rig.run();

            assertThat(traps).hasSize(1);
            assertThat(traps.getFirst().rip).isEqualTo(rig.at("behind"));
            assertThat(traps.getFirst().dr6).isZero();
        }
    }
}
