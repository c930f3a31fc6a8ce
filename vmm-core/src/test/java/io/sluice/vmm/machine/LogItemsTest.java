package io.sluice.vmm.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.vmm.testkit.MachineRig;
import io.sluice.vmm.trace.Item;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a whole machine tells, item by item.
@Timeout(120)
final class LogItemsTest {
    private static final Duration SOON = Duration.ofSeconds(90);

    @TempDir
    private Path directory;

    private String logged(BootSector guest, Set<Item> items, List<MachineConfig.Part> objects, String... devices) {
        var plain = guest.config(directory, false, false, devices);
        var config = new MachineConfig(
                plain.name(),
                plain.uuid(),
                plain.memoryBytes(),
                plain.cpus(),
                plain.boot(),
                plain.serial(),
                plain.debugConsole(),
                plain.devices(),
                objects,
                plain.firmwareFiles(),
                plain.rtc(),
                plain.life(),
                new MachineConfig.Log(items, null));
        var rig = MachineRig.start(config);
        try (rig) {
            assertThat(rig.awaitEnd(SOON)).isEqualTo(MachineEnd.ORDERLY);
        }
        return rig.logged();
    }

    private String logged(BootSector guest, Item item, String... devices) {
        return logged(guest, Set.of(item), List.of(), devices);
    }

    @Test
    void withoutItemsNothingIsLogged() {
        assertThat(logged(new BootSector().out(0x999, 1).powerOff(), Set.of(), List.of(), "edu"))
                .isEmpty();
    }

    @Test
    void aResetShowsTheRegisters() {
        assertThat(logged(new BootSector().powerOff(), Item.CPU_RESET))
                .startsWith("CPU Reset (CPU 0): start\nEAX=")
                .contains("EIP=00007c00 EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0\n")
                .contains("CS =0000 00000000 0000ffff 00009b00\n");
    }

    @Test
    void anAccessThatNothingClaimsIsAnErrorOfTheGuest() {
        assertThat(logged(new BootSector().out(0x999, 1).powerOff(), Item.GUEST_ERRORS))
                .isEqualTo("""
                        Invalid write at addr 0x999, size 1, of ports: nothing is there
                        accesses that nothing claimed: 0 of memory, 1 of ports
                        """);
    }

    @Test
    void aPciFunctionTellsOfItsLife() {
        // mov eax,0x80000804; mov dx,0xcf8; out dx,eax; mov dx,0xcfc; xor ax,ax; out dx,ax: commands off.
        var guest = new BootSector()
                .raw(0x66, 0xB8, 0x04, 0x08, 0x00, 0x80, 0xBA, 0xF8, 0x0C, 0x66, 0xEF, 0xBA, 0xFC, 0x0C)
                .raw(0x31, 0xC0, 0xEF)
                .powerOff();

        assertThat(logged(guest, Item.PCI, "edu").lines())
                .contains(
                        "pci 0000:00:01.0 edu: added",
                        "pci 0000:00:01.0 edu: BAR 0 (memory) at c0000000..c00fffff",
                        "pci 0000:00:01.0 edu: config 004 <- 0000",
                        "pci 0000:00:01.0 edu: BAR 0 (memory) off",
                        "pci 0000:00:01.0 edu: removed");
    }

    @Test
    void aLogObjectWritesJsonToItsFile() throws IOException {
        var file = directory.resolve("log.json");
        var object = new MachineConfig.Part(
                "log", Map.of("id", "l0", "file", file.toString(), "items", "guest_errors:cpu_reset"));

        var log = logged(new BootSector().out(0x999, 1).powerOff(), Set.of(), List.of(object));

        assertThat(log).isEmpty();
        assertThat(Files.readAllLines(file).getFirst())
                .matches("\\{\"time\":\"[^\"]+\",\"level\":\"debug\",\"item\":\"cpu_reset\",\"message\":\"CPU Reset"
                        + ".*\",\"vm\":\"test\",\"thread\":\"vcpu-0\"}");
        assertThat(Files.readAllLines(file).get(1)).contains("\"level\":\"warning\"", "addr 0x999");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            format | xml      | -object log: Parameter 'format' does not accept value 'xml'
            items  | pci:no   | -object log: no such log item 'no'
            file   | /no/log  | -object log: log file '/no/log': cannot be written (/no/log)
            colour | red      | -object log: Invalid parameter 'colour'
            """)
    void aLogThatCannotBeIsRefused(String property, String value, String message) {
        var object = new MachineConfig.Part("log", Map.of("id", "l0", property, value));
        var guest = new BootSector().powerOff();

        assertThatThrownBy(() -> logged(guest, Set.of(), List.of(object)))
                .isInstanceOf(MachineException.class)
                .hasMessage(message);
    }
}
