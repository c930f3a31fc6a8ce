package io.sluice.guest.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.asm.Condition;
import io.sluice.guest.asm.Mem;
import io.sluice.guest.asm.Plain;
import io.sluice.guest.asm.Reg;
import io.sluice.vmm.address.Gva;
import io.sluice.vmm.cpu.interp.Interpreter;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.DebugPoint;
import io.sluice.vmm.cpu.state.DebugPoint.Access;
import io.sluice.vmm.cpu.state.DebugStop;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// A debugger's breakpoints, watchpoints and steps, of which the guest must see nothing.
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DebuggerTest {
    private static final DebugStop STEPPED = new DebugStop.Stepped();

    static Stream<Arguments> modes() {
        return Stream.of(
                mode("real mode", Rig::real, 0x600),
                mode("protected mode", Rig::protected32, Rig.DATA),
                mode("user's protected mode", Rig::user32, Rig.USER_DATA),
                mode("compatibility mode", Rig::compatible, Rig.USER_DATA),
                mode("64-bit mode", Rig::long64, Rig.DATA),
                mode("user's 64-bit mode", Rig::user64, Rig.USER_DATA));
    }

    private static Arguments mode(String name, Supplier<Rig> rig, int data) {
        return Arguments.argumentSet(name, rig, data);
    }

    private static long linear(Rig rig, String mark) {
        return rig.cpu.segments[1].base + rig.at(mark);
    }

    private static DebugPoint.Code code(Rig rig, String mark) {
        return new DebugPoint.Code(new Gva(linear(rig, mark)), false);
    }

    private static DebugPoint.Data data(long first, int length, Access access) {
        return new DebugPoint.Data(new Gva(first), new Gva(first + length - 1), access);
    }

    private static DebugStop stop(Rig rig) {
        assertThat(rig.interpreter.run()).isEqualTo(Interpreter.Exit.DEBUGGED);
        return rig.interpreter.takeDebugStop();
    }

    private static DebugStop step(Rig rig) {
        assertThat(rig.interpreter.runOne(false)).isEqualTo(Interpreter.Exit.DEBUGGED);
        return rig.interpreter.takeDebugStop();
    }

    private static void points(Rig rig, DebugPoint... points) {
        rig.interpreter.core().stateChanged();
        rig.interpreter.setDebugPoints(List.of(points));
    }

    // ---- breakpoints

    @ParameterizedTest
    @MethodSource("modes")
    void aBreakpointStopsBeforeItsInstructionEachTimeAndLeavesNothing(Supplier<Rig> mode, int address) {
        try (var rig = mode.get()) {
            rig.code(a -> {
                a.mov(Reg.ECX, 3);
                a.label("turn");
                a.mov(Mem.absolute(address).bytes4(), 1);
                a.inc(Reg.EBX);
                rig.mark(a, "stop");
                a.inc(Reg.ESI);
                a.dec(Reg.ECX);
                a.j(Condition.NE, "turn");
            });
            var point = code(rig, "stop");
            points(rig, point);

            for (int turn = 1; turn <= 3; turn++) {
                assertThat(stop(rig)).isEqualTo(new DebugStop.AtCode(point));
                assertThat(rig.cpu.rip).isEqualTo(rig.at("stop"));
                assertThat(rig.cpu.gpr[3]).isEqualTo(turn);
                assertThat(rig.cpu.gpr[6]).isEqualTo(turn - 1);
                assertThat(step(rig)).isEqualTo(STEPPED);
                assertThat(rig.cpu.gpr[6]).isEqualTo(turn);
            }
            assertThat(rig.proceed().isEnd()).isTrue();
        }
    }

    @Test
    void aBreakpointInCodeThatHasRunIsHitAndOneThatIsRemovedIsNot() {
        try (var rig = Rig.long64()) {
            rig.code(a -> {
                a.label("again");
                rig.mark(a, "start");
                a.inc(Reg.RAX);
                rig.mark(a, "middle");
                a.inc(Reg.RBX);
                a.inc(Reg.RSI);
                a.plain(Plain.HLT);
                a.jmp("again");
            });
            points(rig);
            rig.interpreter.run();
            rig.interpreter.resume();
            rig.interpreter.run();
            var point = code(rig, "middle");

            rig.interpreter.setDebugPoints(List.of(point));
            rig.interpreter.resume();
            assertThat(stop(rig)).isEqualTo(new DebugStop.AtCode(point));
            assertThat(List.of(rig.cpu.gpr[0], rig.cpu.gpr[3], rig.cpu.gpr[6])).containsExactly(3L, 2L, 2L);

            rig.interpreter.setDebugPoints(List.of());
            assertThat(rig.interpreter.run()).isEqualTo(Interpreter.Exit.HALTED);
            rig.interpreter.resume();
            assertThat(rig.interpreter.run()).isEqualTo(Interpreter.Exit.HALTED);
            assertThat(List.of(rig.cpu.gpr[0], rig.cpu.gpr[3], rig.cpu.gpr[6])).containsExactly(4L, 4L, 4L);
        }
    }

    @Test
    void twoBreakpointsInARowAreBothHitAndTheFirstAgainUnlessItIsStepped() {
        try (var rig = Rig.long64()) {
            rig.code(a -> {
                rig.mark(a, "first");
                a.plain(Plain.NOP);
                rig.mark(a, "second");
                a.plain(Plain.NOP);
            });
            points(rig, code(rig, "first"), code(rig, "second"));

            assertThat(stop(rig)).isEqualTo(new DebugStop.AtCode(code(rig, "first")));
            assertThat(stop(rig)).isEqualTo(new DebugStop.AtCode(code(rig, "first")));
            step(rig);
            assertThat(stop(rig)).isEqualTo(new DebugStop.AtCode(code(rig, "second")));
        }
    }

    @Test
    void aBreakpointIsReachedInAnInterruptShadowAndUnderTheGuestsOwnTrapFlag() {
        try (var rig = Rig.long64()) {
            rig.handler(1, a -> {
                a.inc(Reg.RBX);
                a.iret();
            });
            rig.code(a -> {
                a.push(0x102L);
                a.plain(Plain.POPF);
                rig.mark(a, "stepped");
                a.plain(Plain.NOP);
                a.push(2L);
                a.plain(Plain.POPF);
                a.mov(Reg.EAX, Rig.DS);
                a.mov(Reg.SS, Reg.EAX);
                rig.mark(a, "shadow");
                a.plain(Plain.NOP);
            });
            points(rig, code(rig, "stepped"), code(rig, "shadow"));

            assertThat(stop(rig)).isEqualTo(new DebugStop.AtCode(code(rig, "stepped")));
            step(rig);
            assertThat(stop(rig)).isEqualTo(new DebugStop.AtCode(code(rig, "shadow")));
            step(rig);
            assertThat(rig.proceed().isEnd()).isTrue();
            assertThat(rig.cpu.gpr[3]).isEqualTo(3);
        }
    }

    @Test
    void theGuestSeesNeitherBytesNorDebugRegistersOfABreakpointAndKeepsItsOwnInt3() {
        try (var rig = Rig.long64()) {
            rig.handler(3, a -> {
                a.inc(Reg.RBX);
                a.iret();
            });
            rig.code(a -> {
                rig.mark(a, "stop");
                a.mov(Reg.EAX, Mem.absolute(Rig.CODE).bytes4());
                a.mov(Reg.RSI, Reg.DR7);
                a.mov(Reg.RDI, Reg.DR6);
                a.plain(Plain.INT3);
                a.plain(Plain.NOP);
            });
            points(rig, code(rig, "stop"), data(Rig.DATA, 8, Access.ANY));

            stop(rig);
            step(rig);
            assertThat(rig.proceed().isEnd()).isTrue();
            assertThat(rig.cpu.gpr[0]).isEqualTo(rig.get32(Rig.CODE) & 0xFFFF_FFFFL);
            assertThat(rig.cpu.gpr[6]).isEqualTo(0x400);
            assertThat(rig.cpu.gpr[7]).isEqualTo(0xFFFF_0FF0L);
            assertThat(rig.cpu.gpr[3]).isEqualTo(1);
        }
    }

    // ---- steps

    /// Calls, stack, memory, strings, flags, a fault with its handler: more than 200 instructions.
    private static Rig busy(Supplier<Rig> mode, int address) {
        var rig = mode.get();
        rig.code(a -> {
            a.mov(Reg.ECX, 20);
            a.mov(Reg.EBX, 0x1234_5678);
            a.label("turn");
            a.add(Reg.EBX, Reg.ECX);
            a.rol(Reg.EBX, 3);
            a.mov(Mem.absolute(address).bytes4(), Reg.EBX);
            a.add(Mem.absolute(address + 4).bytes4(), Reg.EBX);
            a.adc(Reg.ESI, 7);
            a.imul(Reg.EDX, Reg.EBX);
            a.call("leaf");
            a.dec(Reg.ECX);
            a.j(Condition.NE, "turn");
            a.mov(Reg.ECX, 5);
            a.mov(Reg.EDI, address + 16);
            a.plain(Plain.REP_STOSB);
            a.jmp("done");
            a.label("leaf");
            a.xor(Reg.ESI, Reg.EBX);
            a.ret();
            a.label("done");
        });
        return rig;
    }

    @ParameterizedTest
    @MethodSource("modes")
    void stepsGiveTheSameStateAsAStraightRun(Supplier<Rig> mode, int address) {
        try (var straight = busy(mode, address);
                var stepped = busy(mode, address)) {
            points(stepped);
            points(straight, code(straight, "end"));

            stop(straight);
            int steps = 0;
            while (stepped.cpu.rip != stepped.at("end")) {
                assertThat(step(stepped)).isEqualTo(STEPPED);
                steps++;
            }

            // 2, 20 turns of 11, 2, one for each element, and the jump over the leaf.
            assertThat(steps).isEqualTo(2 + 20 * 11 + 2 + 5 + 1);
            assertThat(Arrays.copyOf(stepped.cpu.gpr, 16)).containsExactly(Arrays.copyOf(straight.cpu.gpr, 16));
            assertThat(stepped.cpu.flags() & ~CpuState.RF).isEqualTo(straight.cpu.flags() & ~CpuState.RF);
            assertThat(memory(stepped)).isEqualTo(memory(straight));
        }
    }

    private static byte[] memory(Rig rig) {
        var bytes = new byte[Rig.RAM_SIZE];
        rig.ram.read(0, bytes, 0, bytes.length);
        return bytes;
    }

    @Test
    void aStepTakesNoInterruptUnlessItIsAsked() {
        try (var rig = Rig.long64()) {
            rig.enableApic();
            rig.handler(0x40, a -> a.plain(Plain.NOP));
            rig.code(a -> {
                a.plain(Plain.STI);
                a.plain(Plain.NOP);
                a.plain(Plain.NOP);
            });
            points(rig);
            rig.interrupt(0x40);
            rig.nmi();

            step(rig);
            step(rig);
            assertThat(rig.cpu.rip).isEqualTo(Rig.CODE + 2);
            assertThat(rig.interpreter.runOne(true)).isEqualTo(Interpreter.Exit.DEBUGGED);
            assertThat(rig.interpreter.takeDebugStop()).isEqualTo(STEPPED);
            assertThat(rig.cpu.rip).isEqualTo(Rig.HANDLERS + 2 * 16);
            assertThat(rig.get64(rig.cpu.gpr[4])).isEqualTo(Rig.CODE + 2);
        }
    }

    @Test
    void aStepOfAFaultOrASoftwareInterruptEndsAtTheHandler() {
        try (var rig = Rig.long64()) {
            rig.code(a -> a.plain(Plain.UD2));
            points(rig);

            step(rig);

            assertThat(rig.cpu.rip).isEqualTo(Rig.HANDLERS + 6 * 16);
            assertThat(rig.get64(rig.cpu.gpr[4])).isEqualTo(Rig.CODE);
        }
    }

    @Test
    void aHaltIsSteppedAndTheNextStepEndsWhereItBegan() {
        try (var rig = Rig.long64()) {
            rig.code(a -> a.plain(Plain.HLT));
            points(rig);

            step(rig);
            assertThat(rig.interpreter.isHalted()).isTrue();
            assertThat(rig.cpu.rip).isEqualTo(Rig.CODE + 1);
            step(rig);

            assertThat(rig.interpreter.isHalted()).isTrue();
            assertThat(rig.cpu.rip).isEqualTo(Rig.CODE + 1);
            assertThat(rig.interpreter.run()).isEqualTo(Interpreter.Exit.HALTED);
        }
    }

    @Test
    void aStepLeavesTheGuestsTrapFlagToTheGuest() {
        try (var rig = Rig.long64()) {
            rig.code(a -> {
                a.push(0x102L);
                a.plain(Plain.POPF);
                a.plain(Plain.NOP);
                rig.mark(a, "behind");
            });
            points(rig);

            step(rig);
            step(rig);
            assertThat(rig.cpu.dr[6] & 1 << 14).isZero();
            step(rig);

            assertThat(rig.cpu.rip).isEqualTo(Rig.HANDLERS + 16);
            assertThat(rig.get64(rig.cpu.gpr[4])).isEqualTo(rig.at("behind"));
            assertThat(rig.cpu.dr[6] & 1 << 14).isNotZero();
        }
    }

    // ---- watchpoints

    @ParameterizedTest
    @MethodSource("modes")
    void aWatchpointStopsBehindTheAccessWithItsAddress(Supplier<Rig> mode, int address) {
        try (var rig = mode.get()) {
            rig.code(a -> {
                a.mov(Reg.EAX, Mem.absolute(address + 8).bytes4());
                a.mov(Mem.absolute(address + 4).bytes4(), 1);
                a.mov(Mem.absolute(address + 7).bytes4(), 0x55);
                rig.mark(a, "written");
                a.plain(Plain.NOP);
                a.mov(Reg.EAX, Mem.absolute(address + 10).bytes1());
                rig.mark(a, "read");
                a.plain(Plain.NOP);
            });
            var writes = data(address + 8, 4, Access.WRITE);
            var reads = data(address + 10, 1, Access.READ);

            points(rig, writes);
            assertThat(stop(rig)).isEqualTo(new DebugStop.OnData(writes, new Gva(address + 8)));
            assertThat(rig.cpu.rip).isEqualTo(rig.at("written"));
            assertThat(rig.get32(address + 7)).isEqualTo(0x55);
            rig.interpreter.setDebugPoints(List.of(reads, writes));
            assertThat(stop(rig)).isEqualTo(new DebugStop.OnData(reads, new Gva(address + 10)));
            assertThat(rig.cpu.rip).isEqualTo(rig.at("read"));
            assertThat(rig.proceed().isEnd()).isTrue();
        }
    }

    @Test
    void aWatchpointThatIsRemovedLeavesTheCodeAtFullLength() {
        try (var rig = Rig.long64()) {
            rig.code(a -> {
                a.mov(Mem.absolute(Rig.DATA).bytes4(), 1);
                a.mov(Mem.absolute(Rig.DATA).bytes4(), 2);
            });
            points(rig, data(Rig.DATA, 4, Access.ANY));

            stop(rig);
            rig.interpreter.setDebugPoints(List.of());

            assertThat(rig.proceed().isEnd()).isTrue();
            assertThat(rig.get32(Rig.DATA)).isEqualTo(2);
        }
    }

    @Test
    void anAccessThatFaultsIsNotReportedButTheOneThatThenSucceedsIs() {
        try (var rig = Rig.long64()) {
            rig.map(0x30_0000, 0);
            rig.handler(14, a -> {
                a.mov(Mem.absolute(Rig.entryOf(0x30_0000)).bytes4(), 0x30_0000 | 3);
                a.add(Reg.RSP, 8);
                a.iret();
            });
            rig.code(a -> {
                a.mov(Mem.absolute(0x30_0008).bytes4(), 9);
                rig.mark(a, "behind");
            });
            var point = data(0x30_0008, 4, Access.WRITE);
            points(rig, point);

            assertThat(stop(rig)).isEqualTo(new DebugStop.OnData(point, new Gva(0x30_0008)));
            assertThat(rig.cpu.rip).isEqualTo(rig.at("behind"));
            assertThat(rig.get32(0x30_0008)).isEqualTo(9);
        }
    }

    @Test
    void anAccessOverAPageBoundaryAndAnAtomicOneAreSeen() {
        try (var rig = Rig.long64()) {
            rig.code(a -> {
                a.mov(Mem.absolute(Rig.DATA + 0xFFE).bytes4(), 1);
                a.plain(Plain.LOCK);
                a.xadd(Mem.absolute(Rig.DATA + 0x1000).bytes4(), Reg.EAX);
                a.plain(Plain.NOP);
            });
            var point = data(Rig.DATA + 0x1000, 2, Access.WRITE);
            points(rig, point);

            assertThat(stop(rig)).isEqualTo(new DebugStop.OnData(point, new Gva(Rig.DATA + 0x1000)));
            assertThat(stop(rig)).isEqualTo(new DebugStop.OnData(point, new Gva(Rig.DATA + 0x1000)));
            assertThat(rig.proceed().isEnd()).isTrue();
        }
    }

    @Test
    void whatAnInterruptPushesIsSeenAtTheHandlersFirstInstruction() {
        try (var rig = Rig.long64()) {
            rig.enableApic();
            rig.handler(0x40, a -> a.plain(Plain.NOP));
            rig.code(a -> {
                a.plain(Plain.STI);
                a.plain(Plain.NOP);
                a.plain(Plain.NOP);
            });
            points(rig, data(Rig.STACK - 8, 8, Access.WRITE));
            rig.interrupt(0x40);

            assertThat(stop(rig)).isInstanceOf(DebugStop.OnData.class);
            assertThat(rig.cpu.rip).isEqualTo(Rig.HANDLER_CODE);
        }
    }

    @Test
    void aRepeatedStringStopsBehindTheElementThatTouches() {
        try (var rig = Rig.long64()) {
            rig.code(a -> {
                a.mov(Reg.RDI, Rig.DATA);
                a.mov(Reg.ECX, 100);
                a.plain(Plain.REP_STOSB);
            });
            points(rig, data(Rig.DATA + 40, 1, Access.WRITE));

            stop(rig);

            assertThat(rig.cpu.gpr[7]).isEqualTo(Rig.DATA + 41);
            assertThat(rig.cpu.gpr[1]).isEqualTo(59);
            assertThat(rig.proceed().isEnd()).isTrue();
            assertThat(rig.cpu.gpr[7]).isEqualTo(Rig.DATA + 100);
        }
    }

    @Test
    void theGuestsOwnDataBreakpointAndTheDebuggersBothHit() {
        try (var rig = Rig.long64()) {
            rig.handler(1, a -> {
                a.inc(Reg.RBX);
                a.iret();
            });
            rig.code(a -> {
                a.mov(Reg.EAX, Rig.DATA);
                a.mov(Reg.DR0, Reg.RAX);
                a.mov(Reg.EAX, 0xD_0001);
                a.mov(Reg.DR7, Reg.RAX);
                a.mov(Mem.absolute(Rig.DATA).bytes4(), 1);
                a.plain(Plain.NOP);
            });
            var point = data(Rig.DATA, 4, Access.WRITE);
            points(rig, point);

            assertThat(stop(rig)).isEqualTo(new DebugStop.OnData(point, new Gva(Rig.DATA)));
            assertThat(rig.cpu.rip).isEqualTo(Rig.HANDLER_CODE);
            rig.interpreter.setDebugPoints(List.of());
            assertThat(rig.proceed().isEnd()).isTrue();
            assertThat(rig.cpu.gpr[3]).isEqualTo(1);
        }
    }

    // ---- page tables

    @Test
    void aLookThroughThePageTablesLeavesNoTrace() {
        try (var rig = Rig.long64()) {
            rig.code(a -> a.plain(Plain.NOP));
            rig.map(0x20_0000, 0x5000 | Rig.PRESENT);
            rig.map(0x20_1000, 0);
            points(rig);
            var before = memory(rig);

            var mmu = rig.interpreter.core().mmu;
            assertThat(mmu.probe(0x20_0123)).isEqualTo(0x5123);
            assertThat(mmu.probe(0x20_1000)).isEqualTo(-1);
            assertThat(mmu.probe(0x8000_0000_0000L)).isEqualTo(-1);
            assertThat(mmu.probe(1L << 40)).isEqualTo(-1);

            assertThat(Arrays.equals(memory(rig), before)).isTrue();
        }
    }
}
