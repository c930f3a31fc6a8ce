package io.sluice.vmm.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.sluice.vmm.qapi.RunState;
import io.sluice.vmm.testkit.MachineRig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
final class MachineTest {
    private static final Duration SOON = Duration.ofSeconds(90);

    @TempDir
    private Path directory;

    private static boolean reset(MachineRig rig) {
        return rig.ask(machine -> machine.reset(ShutdownCause.HOST_QMP_SYSTEM_RESET));
    }

    @Test
    void aGuestThatPowersOffEndsTheMachineInOrder() {
        try (var rig = new BootSector().print("hi").powerOff().start(directory)) {
            assertThat(rig.awaitEnd(SOON)).isEqualTo(MachineEnd.ORDERLY);
            assertThat(rig.console().text()).isEqualTo("hi");
        }
    }

    @Test
    void aGuestSaysItsExitStatus() {
        try (var rig = new BootSector().out(0xF4, 21).halt().start(directory, "isa-debug-exit,iobase=0xf4")) {
            assertThat(rig.awaitEnd(SOON)).isEqualTo(new MachineEnd(43, null));
        }
    }

    @Test
    void aResetStartsTheGuestAgain() {
        var guest = new BootSector()
                .print("on ")
                .skipUnlessFirst(new BootSector().reset())
                .powerOff();

        try (var rig = guest.start(directory)) {
            assertThat(rig.awaitEnd(SOON)).isEqualTo(MachineEnd.ORDERLY);
            assertThat(rig.console().text()).isEqualTo("on on ");
            assertThat(rig.logged()).contains("CPU Reset (CPU 0): start\n", "CPU Reset (CPU 0): ");
        }
    }

    @Test
    void aTripleFaultIsAReset() {
        var guest = new BootSector()
                .print("on ")
                .skipUnlessFirst(new BootSector().tripleFault())
                .powerOff();

        try (var rig = guest.start(directory)) {
            assertThat(rig.awaitEnd(SOON)).isEqualTo(MachineEnd.ORDERLY);
            assertThat(rig.console().text()).isEqualTo("on on ");
            assertThat(rig.logged()).contains("CPU Reset (CPU 0): triple fault\n");
        }
    }

    @Test
    void aResetEndsTheMachineIfItShall() {
        try (var rig = MachineRig.start(new BootSector().reset().config(directory, true, false))) {
            assertThat(rig.awaitEnd(SOON)).isEqualTo(MachineEnd.ORDERLY);
        }
    }

    @Test
    void aTripleFaultIsSaidIfResetsEndTheMachine() {
        try (var rig = MachineRig.start(new BootSector().tripleFault().config(directory, true, false))) {
            assertThat(rig.awaitEnd(SOON).status()).isEqualTo(1);
            assertThat(rig.awaitEnd(SOON).message()).contains("triple fault");
        }
    }

    @Test
    void aKernelThatPanicsAndResetsEndsTheMachineWithItsReason() {
        var guest = new BootSector()
                .print("[    1.5] Kernel panic - not syncing: no init\r\n")
                .reset();

        try (var rig = guest.start(directory)) {
            assertThat(rig.awaitEnd(SOON)).isEqualTo(new MachineEnd(1, "the guest's kernel panicked: no init"));
        }
    }

    @Test
    void aKernelThatPanicsAndHaltsEndsTheMachineWithItsReason() {
        var guest = new BootSector()
                .print("Kernel panic - not syncing: x\r\n---[ end Kernel panic - not syncing: x ]---\r\n")
                .halt();

        try (var rig = guest.start(directory)) {
            assertThat(rig.awaitEnd(SOON)).isEqualTo(new MachineEnd(1, "the guest's kernel panicked: x"));
        }
    }

    @Test
    void theWordsOfAPanicWithinALineAreNone() {
        var guest =
                new BootSector().print("echo Kernel panic - not syncing: x\r\n").powerOff();

        try (var rig = guest.start(directory)) {
            assertThat(rig.awaitEnd(SOON)).isEqualTo(MachineEnd.ORDERLY);
        }
    }

    @Test
    void whatIsTypedReachesTheGuestInOrderAndWhole() {
        var text = "0123456789abcdef".repeat(64);

        try (var rig = new BootSector().echo().start(directory)) {
            rig.console().type(text);
            rig.console().await(text, SOON);
            rig.console().type("q");

            assertThat(rig.awaitEnd(SOON)).isEqualTo(MachineEnd.ORDERLY);
            assertThat(rig.console().text()).isEqualTo(text);
        }
    }

    @Test
    void theDebugConsoleTakesWhatIsWrittenToItsPort() {
        try (var rig = new BootSector().out(0xE9, 'd').powerOff().start(directory)) {
            rig.awaitEnd(SOON);

            assertThat(rig.debug().text()).isEqualTo("d");
        }
    }

    @Test
    void aPausedMachineRunsNoInstructionAndGoesOn() {
        try (var rig = new BootSector().print("x").spin().start(directory)) {
            rig.console().await("x", SOON);

            assertThat(rig.ask(Machine::pause)).isTrue();
            long before = rig.ask(Machine::instructions);
            LockSupport.parkNanos(20_000_000);
            assertThat(rig.ask(Machine::instructions)).isEqualTo(before);
            assertThat(rig.ask(Machine::runState)).isEqualTo(RunState.PAUSED);

            assertThat(rig.ask(Machine::resume)).isTrue();
            await().until(() -> rig.ask(Machine::instructions) > before);
        }
    }

    @Test
    void aMachineThatStartsPausedWaits() {
        var config = new BootSector().print("x").powerOff().config(directory, false, true);

        try (var rig = MachineRig.start(config)) {
            LockSupport.parkNanos(20_000_000);
            assertThat(rig.console().text()).isEmpty();
            assertThat(rig.ask(Machine::resume)).isTrue();

            assertThat(rig.awaitEnd(SOON)).isEqualTo(MachineEnd.ORDERLY);
        }
    }

    @Test
    void aPausedMachineStaysPausedThroughAReset() {
        try (var rig = new BootSector().print("x").spin().start(directory)) {
            rig.console().await("x", SOON);
            rig.ask(Machine::pause);

            assertThat(reset(rig)).isTrue();
            assertThat(rig.ask(Machine::runState)).isEqualTo(RunState.PRELAUNCH);
            assertThat(rig.console().text()).isEqualTo("x");
            rig.ask(Machine::resume);

            rig.console().await("xx", SOON);
        }
    }

    @Test
    void itsLifeIsToldAsItHappens() {
        try (var rig = new BootSector().print("x").powerOff().start(directory)) {
            rig.awaitEnd(SOON);

            assertThat(rig.events()).containsExactly("RESUME", "SHUTDOWN {guest=true, reason=guest-shutdown}");
        }
    }

    @Test
    void pauseResetAndResumeAreToldOnce() {
        try (var rig = new BootSector().print("x").spin().start(directory)) {
            rig.console().await("x", SOON);

            rig.ask(Machine::pause);
            rig.ask(Machine::pause);
            reset(rig);
            rig.ask(Machine::resume);
            rig.ask(Machine::resume);

            assertThat(rig.events())
                    .containsExactly("RESUME", "STOP", "RESET {guest=false, reason=host-qmp-system-reset}", "RESUME");
        }
    }

    @Test
    void aMachineThatShallStayIsThereAfterTheGuestHasEnded() {
        var config = lasting(new BootSector().print("x").powerOff(), PanicAction.EXIT_FAILURE);

        try (var rig = MachineRig.start(config)) {
            await().until(() -> rig.ask(Machine::runState) == RunState.SHUTDOWN);
            assertThat(rig.ask(Machine::resume)).isFalse();
            assertThat(reset(rig)).isTrue();
            assertThat(rig.ask(Machine::runState)).isEqualTo(RunState.PRELAUNCH);
            assertThat(rig.ask(Machine::resume)).isTrue();

            rig.console().await("xx", SOON);
            assertThat(rig.hasEnded()).isFalse();
            assertThat(rig.events()).startsWith("RESUME", "SHUTDOWN {guest=true, reason=guest-shutdown}", "STOP");
        }
    }

    @Test
    void aPanicStopsAMachineThatShallStay() {
        var guest = new BootSector()
                .print("\n" + PanicWatch.PANIC + "why\n" + PanicWatch.END + "why ]---\n")
                .spin();

        try (var rig = MachineRig.start(lasting(guest, PanicAction.PAUSE))) {
            await().until(() -> rig.ask(Machine::runState) == RunState.GUEST_PANICKED);

            assertThat(rig.events()).containsExactly("RESUME", "GUEST_PANICKED {action=pause}", "STOP");
            assertThat(rig.hasEnded()).isFalse();
        }
    }

    private MachineConfig lasting(BootSector guest, PanicAction panic) {
        return guest.config(directory, new MachineConfig.Life(false, false, true, panic));
    }

    @Test
    void resetsAtAnyMomentRestartTheGuest() {
        var seed = new SplittableRandom().nextLong();
        var random = new SplittableRandom(seed);

        try (var rig = new BootSector().print("abc").spin().start(directory, "edu", "pci-testdev")) {
            for (int i = 0; i < 100; i++) {
                LockSupport.parkNanos(random.nextLong(500_000));
                assertThat(reset(rig)).as("seed %d", seed).isTrue();
            }
            int after = rig.console().text().length();
            reset(rig);

            rig.console().await("abc", after, SOON);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nothing|-device nothing: 'nothing' is not a valid device model name",
                "edu,bogus=1|-device edu: Property 'edu.bogus' not found",
                "edu,addr=0x1f|-device edu: PCI: slot 31 function 0 not available for edu, in use by ich9-lpc",
                "edu,bus=usb|-device edu: Bus 'usb' not found",
                "isa-debug-exit,iobase=0x3f8|ports: 0x3f8..0x3fb overlaps 0x3f8..0x3ff",
                "isa-debug-exit,iobase=0xfffe|-device isa-debug-exit: isa-debug-exit: the ports do not lie within 0x0 to 0xffff",
            })
    void aDeviceThatCannotBeIsRefusedAndNothingIsLeft(String deviceAndMessage) throws IOException {
        var parts = deviceAndMessage.split("\\|", -1);
        var before = Leftovers.now();

        assertThatThrownBy(
                        () -> new BootSector().halt().start(directory, parts[0]).close())
                .isInstanceOf(MachineException.class)
                .hasMessage(parts[1]);

        assertThat(Leftovers.since(before)).isEmpty();
    }

    @Test
    void aKernelThatIsNotThereIsRefusedAndNothingIsLeft() throws IOException {
        var config = new BootSector().halt().config(directory, false, false);
        Files.delete(directory.resolve("sector.bin"));
        var before = Leftovers.now();

        assertThatThrownBy(() -> MachineRig.start(config).close())
                .isInstanceOf(MachineException.class)
                .hasMessageContaining("no such file");

        assertThat(Leftovers.since(before)).isEmpty();
    }

    @Test
    void aClosedMachineLeavesNoThreadFileOrMapping() throws IOException {
        new BootSector().powerOff().start(directory, "edu").close();
        var before = Leftovers.now();

        for (int i = 0; i < 20; i++) {
            var rig = new BootSector().print("x").spin().start(directory, "edu", "pci-testdev");
            LockSupport.parkNanos(i * 300_000L);
            rig.close();
        }

        assertThat(Leftovers.since(before)).isEmpty();
    }

    /// What of a machine can be seen from outside: threads, open files, mappings of guest memory.
    private record Leftovers(List<String> threads, List<String> files, List<String> mappings) {
        static Leftovers now() throws IOException {
            try (var files = Files.list(Path.of("/proc/self/fd"));
                    var maps = Files.lines(Path.of("/proc/self/maps"))) {
                return new Leftovers(
                        Thread.getAllStackTraces().keySet().stream()
                                .map(Thread::getName)
                                .filter(name -> name.matches("vcpu-.*|vm-loop|io-loop-.*|machine-owner"))
                                .toList(),
                        files.map(MachineTest::target)
                                .filter(target -> target.contains("sluice") || target.contains("eventfd"))
                                .toList(),
                        maps.filter(line -> line.contains("sluice-ram")).toList());
            }
        }

        static List<String> since(Leftovers before) throws IOException {
            var now = now();
            return List.of(
                            now.threads.size() - before.threads.size() + " threads",
                            now.files.size() - before.files.size() + " files",
                            now.mappings.size() - before.mappings.size() + " mappings")
                    .stream()
                    .filter(line -> !line.startsWith("0 "))
                    .toList();
        }
    }

    private static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException e) {
            return "";
        }
    }
}
