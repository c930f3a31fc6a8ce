package io.sluice.vmm.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.sluice.vmm.plugin.PluginException;
import io.sluice.vmm.testkit.MachineRig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
final class HotPlugTest {
    private static final Duration SOON = Duration.ofSeconds(90);
    private static final String[] DEVICES = {
        "pcie-root-port,id=rp1,chassis=1", "pcie-root-port,chassis=2", "pcie-root-port,id=rp3,chassis=3,hotplug=off",
        "edu,id=cold", "edu,id=c3,bus=rp3", "edu"
    };

    @TempDir
    private Path directory;

    private MachineRig start(BootSector guest) {
        return MachineRig.start(guest.config(directory, false, false, DEVICES));
    }

    private static void tell(MachineRig rig, Consumer<Machine> what) {
        rig.ask(machine -> {
            what.accept(machine);
            return true;
        });
    }

    private static void plug(MachineRig rig, String device) {
        tell(rig, machine -> machine.addDevice(BootSector.part(device)));
    }

    private static void unplug(MachineRig rig, String id) {
        tell(rig, machine -> machine.unplugDevice(id));
    }

    private static List<@Nullable String> ids(MachineRig rig) {
        return rig.ask(Machine::devices).stream().map(DeviceInfo::id).toList();
    }

    private static String place(DeviceInfo device) {
        return device.path() + " " + device.type() + " " + device.bus();
    }

    @Test
    void devicesHaveTheirPlacesInTheTree() {
        try (var rig = start(new BootSector().halt())) {
            assertThat(rig.ask(Machine::devices).stream().map(HotPlugTest::place))
                    .containsExactly(
                            "/machine/peripheral/rp1 pcie-root-port pcie.0",
                            "/machine/peripheral-anon/device[0] pcie-root-port pcie.0",
                            "/machine/peripheral/rp3 pcie-root-port pcie.0",
                            "/machine/peripheral/cold edu pcie.0",
                            "/machine/peripheral/c3 edu rp3",
                            "/machine/peripheral-anon/device[1] edu pcie.0");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    nope,id=x                      | 'nope' is not a valid device model name
                    edu,id=x                       | Bus 'pcie.0' does not support hotplugging
                    edu,id=x,bus=pcie.0            | Bus 'pcie.0' does not support hotplugging
                    edu,id=x,bus=rp3               | Bus 'rp3' does not support hotplugging
                    edu,id=x,bus=zz                | Bus 'zz' not found
                    edu,id=x,bus=isa.0             | Device 'edu' can't go on ISA bus
                    pc-testdev,id=x                | Bus 'isa.0' does not support hotplugging
                    pc-testdev,id=x,bus=rp1        | Device 'pc-testdev' can't go on PCIE bus
                    pcie-root-port,id=x            | Bus 'pcie.0' does not support hotplugging
                    pcie-root-port,id=x,bus=rp1    | Parameter 'driver' expects a pluggable device type
                    edu,id=cold,bus=rp1            | Duplicate device ID 'cold'
                    edu,id=x,bus=rp1,bogus=1       | Property 'edu.bogus' not found
                    edu,id=x,bus=rp1,addr=2        | PCI: slot 2 is not valid for edu, parent device only allows plugging into slot 0.
                    """)
    void whatCannotComeIsRefusedInKnownWordsAndLeavesNothing(String device, String message) {
        try (var rig = start(new BootSector().halt())) {
            int before = ids(rig).size();

            assertThatThrownBy(() -> plug(rig, device))
                    .isInstanceOf(PluginException.class)
                    .hasMessage(message);
            assertThat(ids(rig)).hasSize(before);
            plug(rig, "edu,id=x,bus=rp1");
            assertThatThrownBy(() -> plug(rig, "edu,id=y,bus=rp1"))
                    .hasMessage("PCI: slot 0 function 0 already occupied by edu, new func edu cannot be exposed to"
                            + " guest.");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    zz   | DEVICE_NOT_FOUND | Device 'zz' not found
                    cold | GENERIC          | Bus 'pcie.0' does not support hotplugging
                    rp1  | GENERIC          | Bus 'pcie.0' does not support hotplugging
                    c3   | GENERIC          | Bus 'rp3' does not support hotplugging
                    """)
    void whatCannotGoIsRefusedInKnownWords(String id, PluginException.Kind kind, String message) {
        try (var rig = start(new BootSector().halt())) {
            assertThatThrownBy(() -> unplug(rig, id))
                    .hasMessage(message)
                    .extracting(e -> ((PluginException) e).kind())
                    .isEqualTo(kind);
        }
    }

    @Test
    void aCardThatTheGuestNeverSwitchedOnGoesAtOnce() {
        try (var rig = start(new BootSector().halt())) {
            plug(rig, "edu,bus=rp1");

            unplug(rig, "/machine/peripheral-anon/device[2]");

            assertThat(rig.deviceEvents()).containsExactly("DEVICE_DELETED {path=/machine/peripheral-anon/device[2]}");
        }
    }

    @Test
    void aGuestWithoutADriverLetsGoAtTheNextReset() {
        try (var rig = start(new BootSector().print("on ").halt())) {
            rig.console().await("on ", SOON);
            plug(rig, "edu,id=n0,bus=rp1");
            rig.ask(machine -> machine.reset(ShutdownCause.HOST_QMP_SYSTEM_RESET));
            rig.console().await("on on ", SOON);

            unplug(rig, "n0");
            assertThatThrownBy(() -> unplug(rig, "n0")).hasMessage("Device n0 is already in the process of unplug");
            assertThat(rig.deviceEvents()).isEmpty();
            rig.ask(machine -> machine.reset(ShutdownCause.HOST_QMP_SYSTEM_RESET));

            assertThat(rig.deviceEvents()).containsExactly("DEVICE_DELETED {device=n0, path=/machine/peripheral/n0}");
            rig.console().await("on on on ", SOON);
            plug(rig, "edu,id=n0,bus=rp1");
        }
    }

    @Test
    void aRequestCanBeRepeatedAfterFiveSecondsOfGuestTime() {
        try (var rig = start(new BootSector().halt())) {
            plug(rig, "edu,id=n0,bus=rp1");
            rig.ask(machine -> machine.reset(ShutdownCause.HOST_QMP_SYSTEM_RESET));
            unplug(rig, "n0");

            await().atMost(SOON)
                    .pollInterval(Duration.ofMillis(500))
                    .ignoreExceptionsInstanceOf(PluginException.class)
                    .untilAsserted(() -> unplug(rig, "n0"));
            rig.ask(Machine::pause);

            assertThatThrownBy(() -> unplug(rig, "n0")).hasMessage("Device n0 is already in the process of unplug");
            assertThat(rig.deviceEvents()).isEmpty();
        }
    }

    @Test
    void anOccupiedPortOutlivesAReset() {
        try (var rig = start(new BootSector().halt())) {
            plug(rig, "edu,id=n0,bus=rp1");

            rig.ask(machine -> machine.reset(ShutdownCause.HOST_QMP_SYSTEM_RESET));

            assertThat(rig.deviceEvents()).isEmpty();
            assertThat(ids(rig)).contains("n0");
        }
    }

    /// Those of machines; what tests themselves wait with comes and goes.
    private static Set<Thread> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(t -> t.getName().matches("(vcpu|vm-loop|io-loop|machine|log).*"))
                .collect(Collectors.toSet());
    }

    /// A guest that answers the button: it switches a slot that is off on, and one that is on off.
    @Test
    void twoHundredTimesTheSameCard() {
        try (var rig = start(new BootSector().slotDriver())) {
            var threads = threads();
            int seen = 0;
            for (int i = 0; i < 200; i++) {
                plug(rig, "edu,id=n0,bus=rp1");
                seen = rig.console().await("u", seen, SOON);
                unplug(rig, "n0");
                seen = rig.console().await("d", seen, SOON);
                int due = i + 1;
                await().pollInSameThread()
                        .pollInterval(Duration.ofMillis(1))
                        .atMost(SOON)
                        .until(() -> rig.deviceEvents().size() == due);
            }

            assertThat(rig.deviceEvents()).containsOnly("DEVICE_DELETED {device=n0, path=/machine/peripheral/n0}");
            assertThat(ids(rig)).hasSize(DEVICES.length);
            assertThat(threads()).isEqualTo(threads);
        }
    }

    @Test
    void aRequestThatIsOnItsWayIsDroppedByAReset() {
        try (var rig = start(new BootSector().slotDriver())) {
            plug(rig, "edu,id=n0,bus=rp1");
            rig.console().await("u", SOON);

            tell(rig, machine -> {
                machine.unplugDevice("n0");
                machine.reset(ShutdownCause.HOST_QMP_SYSTEM_RESET);
                machine.addDevice(BootSector.part("edu,id=n0,bus=rp1"));
            });
            rig.console().await("u", rig.console().await("u", SOON), SOON);

            assertThat(rig.deviceEvents()).containsExactly("DEVICE_DELETED {device=n0, path=/machine/peripheral/n0}");
            assertThat(ids(rig)).contains("n0");
        }
    }
}
