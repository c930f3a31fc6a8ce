package io.sluice.vmm.control;

import static org.awaitility.Awaitility.await;

import io.sluice.vmm.machine.CharTarget;
import io.sluice.vmm.machine.MachineConfig;
import io.sluice.vmm.machine.PanicAction;
import io.sluice.vmm.testkit.MachineRig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/// A machine of 64 MiB with a monitor, and a boot sector that ends in HLT.
final class MonitorRig implements AutoCloseable {
    /// `cli; hlt; jmp $-1`.
    static final String HALT = "faf4ebfd";

    private final MachineRig rig;
    private final HumanMonitor monitor;

    private MonitorRig(MachineRig rig) {
        this.rig = rig;
        this.monitor = rig.ask(machine -> new HumanMonitor(
                machine,
                new DeviceCommands(machine, new TypeCommands(machine.plugins())),
                new ScreenCommands(machine)));
    }

    /// Started, and halted.
    ///
    /// @param hex the sector's code
    static MonitorRig halted(Path directory, String hex, String... devices) {
        var monitor = new MonitorRig(MachineRig.start(config(directory, hex, false, devices)));
        await().atMost(Duration.ofSeconds(90))
                .pollInterval(Duration.ofMillis(5))
                .until(() -> monitor.rig.ask(machine -> machine.view().cpu(0).isHalted()));
        return monitor;
    }

    static MonitorRig halted(Path directory) {
        return halted(directory, HALT);
    }

    /// Built, and not let go.
    static MonitorRig notStarted(Path directory) {
        return new MonitorRig(MachineRig.start(config(directory, HALT, true)));
    }

    private static MachineConfig config(Path directory, String hex, boolean startsPaused, String... devices) {
        var sector = Arrays.copyOf(HexFormat.of().parseHex(hex.replaceAll("\\s", "")), 512);
        sector[510] = 0x55;
        sector[511] = (byte) 0xAA;
        try {
            return new MachineConfig(
                    "test",
                    new UUID(1, 2),
                    64 << 20,
                    new MachineConfig.Cpus(1, "max"),
                    new MachineConfig.Boot(Files.write(directory.resolve("sector.bin"), sector), null, "", true),
                    List.of(new CharTarget.Stdio(false)),
                    null,
                    Arrays.stream(devices).map(MonitorRig::part).toList(),
                    List.of(),
                    List.of(),
                    new MachineConfig.Rtc(0),
                    new MachineConfig.Life(startsPaused, false, false, PanicAction.EXIT_FAILURE),
                    new MachineConfig.Log(Set.of(), null));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// `TYPE[,KEY=VALUE...]`.
    private static MachineConfig.Part part(String text) {
        var words = text.split(",");
        var properties = new LinkedHashMap<String, String>();
        for (int i = 1; i < words.length; i++) {
            var pair = words[i].split("=", 2);
            properties.put(pair[0], pair[1]);
        }
        return new MachineConfig.Part(words[0], properties);
    }

    /// What the monitor answers to `line`, with LF for the end of a line.
    String ask(String line) {
        var answer = rig.ask(machine -> monitor.execute(line));
        if (!answer.replace("\r\n", "").chars().allMatch(c -> c != '\r' && c != '\n')) {
            throw new AssertionError("a line does not end in CR LF: " + answer);
        }
        return answer.replace("\r\n", "\n");
    }

    /// What the machine has told of itself.
    List<String> events() {
        return rig.events();
    }

    @Override
    public void close() {
        rig.close();
    }
}
