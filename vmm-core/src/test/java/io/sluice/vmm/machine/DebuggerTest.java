package io.sluice.vmm.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.vmm.address.Gpa;
import io.sluice.vmm.address.Gva;
import io.sluice.vmm.cpu.state.CpuRegister;
import io.sluice.vmm.cpu.state.DebugPoint;
import io.sluice.vmm.cpu.state.DebugPoint.Access;
import io.sluice.vmm.cpu.state.DebugStop;
import io.sluice.vmm.machine.DebugPort.Motion;
import io.sluice.vmm.qapi.RunState;
import io.sluice.vmm.testkit.MachineRig;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// A debugger at work on a machine that runs.
@Timeout(120)
final class DebuggerTest implements DebugPort.Listener {
    private static final Duration SOON = Duration.ofSeconds(90);
    private static final int ENTRY = 0x7C00;

    private final BlockingQueue<DebugPort.Stop> stops = new LinkedBlockingQueue<>();
    private final BlockingQueue<Integer> ends = new LinkedBlockingQueue<>();

    @TempDir
    private Path directory;

    @Override
    public void stopped(DebugPort.Stop why) {
        stops.add(why);
    }

    @Override
    public void ended(int status) {
        ends.add(status);
    }

    private static <T> T ask(MachineRig rig, Function<DebugPort, T> question) {
        return rig.ask(machine -> question.apply(machine.debugger()));
    }

    private static boolean is(MachineRig rig, Predicate<DebugPort> question) {
        return ask(rig, question::test);
    }

    private static int count(MachineRig rig, ToIntFunction<DebugPort> question) {
        return ask(rig, question::applyAsInt);
    }

    private static byte[] value(MachineRig rig, CpuRegister register) {
        return ask(rig, port -> port.read(0, List.of(register)));
    }

    private static void tell(MachineRig rig, java.util.function.Consumer<DebugPort> what) {
        ask(rig, port -> {
            what.accept(port);
            return true;
        });
    }

    private static RunState state(MachineRig rig) {
        return rig.ask(Machine::runState);
    }

    private DebugPort.Stop go(MachineRig rig, Motion motion) throws InterruptedException {
        assertThat(is(rig, port -> port.resume(List.of(motion), motion == Motion.GO)))
                .isTrue();
        var stop = stops.poll(60, TimeUnit.SECONDS);
        assertThat(stop).isNotNull();
        return stop;
    }

    private static long rip(MachineRig rig) {
        return ByteBuffer.wrap(value(rig, CpuRegister.RIP))
                .order(ByteOrder.LITTLE_ENDIAN)
                .getLong();
    }

    private static DebugPoint.Code breakpoint(long at) {
        return new DebugPoint.Code(new Gva(at), false);
    }

    @Test
    void aMachineStopsWhenADebuggerComesAndGoesOnWhenItIsLost() {
        try (var rig = new BootSector().print("x").spin().start(directory)) {
            rig.console().await("x", SOON);

            assertThat(is(rig, port -> port.attach(this))).isTrue();
            assertThat(is(rig, port -> port.attach(this))).isFalse();
            assertThat(state(rig)).isEqualTo(RunState.PAUSED);
            long before = rig.ask(Machine::instructions);
            tell(rig, DebugPort::abandon);

            assertThat(state(rig)).isEqualTo(RunState.RUNNING);
            await().until(() -> rig.ask(Machine::instructions) > before);
            assertThat(stops).isEmpty();
        }
    }

    @Test
    void aMachineThatOthersHadStoppedStaysSoWhenTheDebuggerIsLost() {
        try (var rig = MachineRig.start(new BootSector().spin().config(directory, false, true))) {
            tell(rig, port -> port.attach(this));
            tell(rig, DebugPort::abandon);
            assertThat(state(rig)).isEqualTo(RunState.PRELAUNCH);

            tell(rig, port -> port.attach(this));
            tell(rig, DebugPort::detach);
            assertThat(state(rig)).isEqualTo(RunState.RUNNING);
        }
    }

    @Test
    void breakpointStepAndWatchpointStopTheMachineInStateDebug() throws InterruptedException {
        // mov [0x600], 1 is behind the first output; then it is written again.
        var guest = new BootSector().out(0x3F8, 'a').out(0x3F8, 'b').powerOff();

        try (var rig = MachineRig.start(guest.config(directory, false, true))) {
            tell(rig, port -> port.attach(this));
            var second = breakpoint(ENTRY + 6);
            assertThat(is(rig, port -> port.insert(second))).isTrue();

            var stop = go(rig, Motion.GO);
            assertThat(stop).isEqualTo(new DebugPort.Stop(RunState.DEBUG, 0, new DebugStop.AtCode(second)));
            assertThat(state(rig)).isEqualTo(RunState.DEBUG);
            assertThat(rip(rig)).isEqualTo(ENTRY + 6);
            rig.console().await("a", SOON);

            for (int next : new int[] {9, 11, 12}) {
                assertThat(go(rig, Motion.STEP).reason()).isEqualTo(new DebugStop.Stepped());
                assertThat(rip(rig)).isEqualTo(ENTRY + next);
            }
            rig.console().await("b", SOON);

            tell(rig, DebugPort::detach);
            assertThat(rig.awaitEnd(SOON)).isEqualTo(MachineEnd.ORDERLY);
        }
    }

    @Test
    void aWatchpointTellsTheAddress() throws InterruptedException {
        var guest = new BootSector().skipUnlessFirst(new BootSector()).powerOff();

        try (var rig = MachineRig.start(guest.config(directory, false, true))) {
            tell(rig, port -> port.attach(this));
            var watched = new DebugPoint.Data(new Gva(0x600), new Gva(0x603), Access.WRITE);
            tell(rig, port -> port.insert(watched));

            assertThat(go(rig, Motion.GO).reason()).isEqualTo(new DebugStop.OnData(watched, new Gva(0x600)));
            var bytes = new byte[2];
            assertThat(count(rig, port -> port.read(0, new Gva(0x600), bytes))).isEqualTo(2);
            assertThat(bytes).containsExactly(1, 0);
        }
    }

    @Test
    void aStopThatOthersMakeIsToldAndTheMachineMayGoOnForThem() throws InterruptedException {
        try (var rig = new BootSector().print("x").spin().start(directory)) {
            tell(rig, port -> port.attach(this));
            assertThat(is(rig, port -> port.resume(List.of(Motion.GO), true))).isTrue();
            assertThat(is(rig, port -> port.resume(List.of(Motion.GO), true))).isFalse();

            rig.ask(Machine::pause);
            assertThat(stops.poll(60, TimeUnit.SECONDS)).isEqualTo(new DebugPort.Stop(RunState.PAUSED, 0, null));
            assertThat(rig.ask(Machine::resume)).isTrue();
            tell(rig, DebugPort::interrupt);
            assertThat(stops.poll(60, TimeUnit.SECONDS)).isEqualTo(new DebugPort.Stop(RunState.PAUSED, 0, null));
        }
    }

    @Test
    void aHaltedVcpuIsLookedAtAndAStepOfItEndsAtOnce() throws InterruptedException {
        try (var rig = new BootSector().print("x").halt().start(directory)) {
            rig.console().await("x", SOON);
            await().until(() -> is(rig, port -> port.isHalted(0)));
            tell(rig, port -> port.attach(this));
            long before = rip(rig);

            assertThat(go(rig, Motion.STEP).reason()).isEqualTo(new DebugStop.Stepped());
            assertThat(rip(rig)).isEqualTo(before);
            assertThat(is(rig, port -> port.isHalted(0))).isTrue();
        }
    }

    @Test
    void aStepThatMayTakeInterruptsWaitsInAHaltUntilItIsBrokenOff() throws InterruptedException {
        try (var rig = new BootSector().print("x").halt().start(directory)) {
            await().until(() -> is(rig, port -> port.isHalted(0)));
            tell(rig, port -> port.attach(this));

            tell(rig, port -> port.resume(List.of(Motion.STEP_WITH_INTERRUPTS), true));
            assertThat(stops.poll(50, TimeUnit.MILLISECONDS)).isNull();
            tell(rig, DebugPort::interrupt);

            assertThat(stops.poll(60, TimeUnit.SECONDS)).isEqualTo(new DebugPort.Stop(RunState.PAUSED, 0, null));
        }
    }

    @Test
    void codeThatTheDebuggerWritesIsTheCodeThatRuns() {
        try (var rig = new BootSector().print("x").spin().start(directory)) {
            rig.console().await("x", SOON);
            tell(rig, port -> port.attach(this));
            long loop = rip(rig);

            // mov dx, 0x604; mov ax, 0x3400; out dx, ax
            byte[] powerOff = {(byte) 0xBA, 4, 6, (byte) 0xB8, 0, 0x34, (byte) 0xEF};
            assertThat(is(rig, port -> port.write(0, new Gva(loop), powerOff))).isTrue();
            tell(rig, DebugPort::detach);

            assertThat(rig.awaitEnd(SOON)).isEqualTo(MachineEnd.ORDERLY);
        }
    }

    @Test
    void theEndIsToldAndPointsOutlastAReset() throws InterruptedException {
        var guest = new BootSector()
                .print("x")
                .skipUnlessFirst(new BootSector().reset())
                .out(0xF4, 21)
                .halt();

        try (var rig = MachineRig.start(guest.config(directory, false, true, "isa-debug-exit,iobase=0xf4"))) {
            tell(rig, port -> port.attach(this));
            tell(rig, port -> port.insert(breakpoint(ENTRY)));
            rig.ask(machine -> machine.reset(ShutdownCause.HOST_UI));

            assertThat(go(rig, Motion.GO).reason()).isEqualTo(new DebugStop.AtCode(breakpoint(ENTRY)));
            tell(rig, DebugPort::removeAll);
            tell(rig, port -> port.resume(List.of(Motion.GO), true));

            assertThat(ends.poll(60, TimeUnit.SECONDS)).isEqualTo(43);
        }
    }

    @Test
    void memoryThatIsNotRamIsNeitherReadNorWritten() {
        try (var rig = new BootSector().spin().start(directory)) {
            var two = new byte[2];

            assertThat(count(rig, port -> port.read(new Gpa(0xFEC0_0000L), two)))
                    .isZero();
            assertThat(count(rig, port -> port.read(0, new Gva(0xFEC0_0000L), two)))
                    .isZero();
            assertThat(is(rig, port -> port.write(new Gpa(0xFEC0_0000L), two))).isFalse();
            assertThat(is(rig, port -> port.write(0, new Gva(0xFEC0_0000L), two)))
                    .isFalse();
            assertThat(count(rig, port -> port.read(new Gpa(-1), two))).isZero();
            assertThat(is(rig, port -> port.write(new Gpa(-1), two))).isFalse();
            assertThat(count(rig, port -> port.read(new Gpa((2 << 20) - 1), two)))
                    .isOne();
            assertThat(is(rig, port -> port.write(new Gpa(0x1000), two))).isTrue();
        }
    }

    /// The registers that a guest in real mode may not have every value of.
    @ParameterizedTest
    @EnumSource(
            value = CpuRegister.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"EFLAGS", "FCTRL", "MXCSR", "FOP", "CR0", "CR3", "CR4", "CR8", "EFER", "FISEG", "FOSEG", "FTAG"})
    void registersHoldWhatIsWritten(CpuRegister register) {
        try (var rig = MachineRig.start(new BootSector().spin().config(directory, false, true))) {
            var value = new byte[register.bytes()];
            value[0] = 0x5A;
            value[1] = 0x12;

            assertThat(is(rig, port -> port.write(0, register, value))).isTrue();

            assertThat(value(rig, register)).isEqualTo(value);
        }
    }

    @Test
    void controlRegistersKeepTheProcessorsRules() {
        try (var rig = MachineRig.start(new BootSector().spin().config(directory, false, true))) {
            assertThat(set(rig, CpuRegister.CR0, 0x8000_0000L)).isFalse();
            assertThat(set(rig, CpuRegister.CR4, 1L << 40)).isFalse();
            assertThat(set(rig, CpuRegister.CR8, 16)).isFalse();
            assertThat(set(rig, CpuRegister.EFER, 1L << 40)).isFalse();
            assertThat(set(rig, CpuRegister.FS_BASE, 1L << 50)).isFalse();
            assertThat(set(rig, CpuRegister.CR8, 5)).isTrue();
            assertThat(set(rig, CpuRegister.EFLAGS, 0x0202)).isTrue();
            assertThat(value(rig, CpuRegister.CR8)[0]).isEqualTo((byte) 5);
        }
    }

    private static boolean set(MachineRig rig, CpuRegister register, long value) {
        var bytes = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value);
        return is(rig, port -> port.write(0, register, java.util.Arrays.copyOf(bytes.array(), register.bytes())));
    }
}
