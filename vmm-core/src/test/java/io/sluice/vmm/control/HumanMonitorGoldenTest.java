package io.sluice.vmm.control;

import io.sluice.vmm.testkit.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Texts as they are printed, for guests in every mode of the processor. They were compared with those of QEMU 7.2
/// running the same sectors; docs/monitor.md says where the two differ.
@Timeout(120)
final class HumanMonitorGoldenTest {
    private static final String GOLDEN = "vmm-core/src/test/resources/monitor/";
    private static final List<String> COMMANDS = List.of(
            "info tlb",
            "info mem",
            "info registers",
            "x/6i $pc-8",
            "xp/8xw 0x10000",
            "x/2xg 0x800010",
            "x/2xb 0x3f000",
            "x/2xb 0x40000",
            "p/x $eip",
            "gva2gpa 0x7c00",
            "gva2gpa 0x3f000");

    @TempDir
    private Path directory;

    private static String transcript(MonitorRig monitor, List<String> commands) {
        var text = new StringBuilder();
        for (var command : commands) {
            text.append("(monitor) ").append(command).append('\n').append(monitor.ask(command));
        }
        return text.toString();
    }

    @ParameterizedTest
    @ValueSource(strings = {"legacy", "pae", "long", "compat"})
    void aPagingGuestIsShown(String mode) throws IOException {
        var sector = Files.readString(Path.of(System.getProperty("sluice.root", ".."), GOLDEN + mode + ".hex"));

        try (var monitor = MonitorRig.halted(directory, sector)) {
            Golden.check(GOLDEN + mode + ".txt", transcript(monitor, COMMANDS));
        }
    }

    @Test
    void theBoardIsShown() {
        try (var monitor = MonitorRig.halted(directory, MonitorRig.HALT, "edu", "pci-testdev")) {
            Golden.check(
                    GOLDEN + "board.txt",
                    transcript(
                            monitor,
                            List.of(
                                    "info registers",
                                    "info lapic",
                                    "info pic",
                                    "info pci",
                                    "info mtree",
                                    "info mtree -f",
                                    "info qtree",
                                    "info qom-tree",
                                    "info roms",
                                    "info mdev",
                                    "info iommu",
                                    "info kvm",
                                    "info memory_size_summary")));
        }
    }

    @Test
    void helpIsShown() {
        try (var monitor = MonitorRig.notStarted(directory)) {
            Golden.check(GOLDEN + "help.txt", transcript(monitor, List.of("help", "info", "help info", "help x")));
        }
    }
}
