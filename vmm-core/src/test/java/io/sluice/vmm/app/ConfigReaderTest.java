package io.sluice.vmm.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.vmm.machine.CharTarget;
import io.sluice.vmm.machine.MachineConfig;
import io.sluice.vmm.trace.Item;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a good command line means.
final class ConfigReaderTest {
    private static MachineConfig config(String... arguments) {
        var all = new ArrayList<>(List.of("-kernel", "pom.xml"));
        all.addAll(List.of(arguments));
        return ConfigReader.read(Options.parse(all));
    }

    private static MachineConfig booting(String preset, String... arguments) {
        return ConfigReader.read(Options.parse(List.of(arguments)), Path.of("kernel"), Path.of("initrd"), preset);
    }

    @Test
    void nothingSaidIsHalfAGigabyteOneCpuAndTheTerminal() {
        var config = config();

        assertThat(config.memoryBytes()).isEqualTo(512L << 20);
        assertThat(config.cpus()).isEqualTo(new MachineConfig.Cpus(1, "max"));
        assertThat(config.serial()).containsExactly(new CharTarget.Stdio(false));
        assertThat(config.debugConsole()).isNull();
        assertThat(config.devices()).isEmpty();
        assertThat(config.rtc()).isEqualTo(new MachineConfig.Rtc(0));
        assertThat(config.life()).isEqualTo(MachineConfig.Life.STANDARD);
        assertThat(config.boot()).isEqualTo(new MachineConfig.Boot(Path.of("pom.xml"), null, "", true));
        assertThat(config.uuid()).isEqualTo(new UUID(0, 0));
    }

    @Test
    void drivesAreImagesThatDevicesCanHave() {
        var config = config(
                "-drive",
                "file=a,,b.img,if=none,id=d0,format=raw",
                "-drive",
                "if=none,id=d1,file=c,readonly=on,cache=writeback");

        assertThat(config.drives())
                .containsExactly(
                        new MachineConfig.Drive("d0", Path.of("a,b.img"), false),
                        new MachineConfig.Drive("d1", Path.of("c"), true));
        assertThat(config().drives()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "file=a,id=d | only if=none is there",
                "file=a,if=virtio,id=d | if=virtio is not there; use if=none",
                "file=a,if=none | Parameter 'id' expects an identifier",
                "if=none,id=d | Parameter 'file' is missing",
                "file=a,if=none,id=d,format=qcow2 | format=qcow2 is not there; use format=raw",
                "file=a,if=none,id=d,readonly=maybe | Parameter 'readonly' expects 'on' or 'off'",
                "file=a,if=none,id=d,colour=red | Invalid parameter 'colour'",
            })
    void otherDrivesAreRefused(String text, String message) {
        assertThatThrownBy(() -> config("-drive", text))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource({
        "512, 536870912",
        "512M, 536870912",
        "1G, 1073741824",
        "size=1G, 1073741824",
        "1.5g, 1610612736",
        "2048k, 2097152",
        "16777217b, 16777216",
    })
    void memoryIsReadAsQemuDoes(String text, long bytes) {
        assertThat(config("-m", text).memoryBytes()).isEqualTo(bytes);
    }

    /// The command line that QEMU's users of kvm-unit-tests give.
    @Test
    void aTestGuestsCommandLineIsUnderstood() {
        var config = config(
                "-nodefaults",
                "-device",
                "pc-testdev",
                "-device",
                "isa-debug-exit,iobase=0xf4,iosize=0x4",
                "-vnc",
                "none",
                "-serial",
                "stdio",
                "-device",
                "pci-testdev",
                "-machine",
                "accel=tcg",
                "-smp",
                "1",
                "-cpu",
                "max",
                "--no-reboot",
                "-append",
                "-a -kernel");

        assertThat(config.devices())
                .containsExactly(
                        new MachineConfig.Part("pc-testdev", Map.of()),
                        new MachineConfig.Part("isa-debug-exit", Map.of("iobase", "0xf4", "iosize", "0x4")),
                        new MachineConfig.Part("pci-testdev", Map.of()));
        assertThat(config.serial()).containsExactly(new CharTarget.Stdio(true));
        assertThat(config.life().resetEnds()).isTrue();
        assertThat(config.boot().append()).isEqualTo("-a -kernel");
    }

    @Test
    void equalOptionsAddUpOrTheLastOneCounts() {
        var config = config("-append", "a", "-append", "b", "-machine", "q35", "-machine", "decompress=off", "-S");

        assertThat(config.boot().append()).isEqualTo("b");
        assertThat(config.boot().decompress()).isFalse();
        assertThat(config.life().startsPaused()).isTrue();
    }

    @Test
    void anAcceleratorThatIsNotThereIsPassedOverIfAnotherIs() {
        assertThat(config("-machine", "q35,accel=kvm:tcg").cpus().count()).isEqualTo(1);
        assertThat(config("-accel", "kvm", "-accel", "tcg,thread=single").cpus().count())
                .isEqualTo(1);
    }

    @Test
    void noDefaultsIsNoSerialPort() {
        assertThat(config("-nodefaults").serial()).isEmpty();
    }

    @Test
    void serialPortsComeInTheirOrder() {
        assertThat(config(
                                "-serial",
                                "none",
                                "-serial",
                                "mon:stdio",
                                "-serial",
                                "file:a,,b,append=on",
                                "-serial",
                                "null")
                        .serial())
                .containsExactly(
                        new CharTarget.Absent(),
                        new CharTarget.Stdio(false),
                        new CharTarget.File(Path.of("a,b"), true),
                        new CharTarget.Discard());
    }

    @Test
    void aDebugConsoleOnStandardOutputTakesItFromTheDefaultSerialPort() {
        var config = config("-debugcon", "stdio");

        assertThat(config.debugConsole()).isEqualTo(new CharTarget.Stdio(true));
        assertThat(config.serial()).containsExactly(new CharTarget.Discard());
    }

    @Test
    void theRestIsReadToo(@TempDir Path directory) throws Exception {
        var file = Files.writeString(directory.resolve("content"), "from a file");
        var config = config(
                "-name",
                "guest=box,debug-threads=on",
                "-uuid",
                "7f3a1c1e-0000-4000-8000-00000000002a",
                "-d",
                "guest_errors,cpu_reset",
                "-D",
                "log",
                "-fw_cfg",
                "name=opt/a,string=x,,y",
                "-fw_cfg",
                "opt/b,file=" + file,
                "-object",
                "mdev,id=m0,type=mtty-2,uuid=u",
                "-rtc",
                "base=2020-01-01");

        assertThat(config.name()).isEqualTo("box");
        assertThat(config.uuid()).hasToString("7f3a1c1e-0000-4000-8000-00000000002a");
        assertThat(config.log().items()).containsExactlyInAnyOrder(Item.GUEST_ERRORS, Item.CPU_RESET);
        assertThat(config.log().file()).isEqualTo("log");
        assertThat(config.firmwareFiles())
                .extracting(f -> f.name() + "=" + new String(f.content(), StandardCharsets.UTF_8))
                .containsExactly("opt/a=x,y", "opt/b=from a file");
        assertThat(config.objects())
                .containsExactly(new MachineConfig.Part("mdev", Map.of("id", "m0", "type", "mtty-2", "uuid", "u")));
        assertThat(Instant.now().getEpochSecond() + config.rtc().secondsFromUtc())
                .isCloseTo(
                        LocalDate.of(2020, 1, 1).atStartOfDay().toEpochSecond(ZoneOffset.UTC),
                        org.assertj.core.data.Offset.offset(5L));
    }

    @Test
    void bootAddsToTheImagesCommandLine() {
        assertThat(booting("console=ttyS0", "-append", "quiet", "-append", "panic=1")
                        .boot()
                        .append())
                .isEqualTo("console=ttyS0 quiet panic=1");
        assertThat(booting("console=ttyS0", "-append", "").boot().append()).isEqualTo("console=ttyS0");
        assertThat(booting("", "-append", "quiet").boot().append()).isEqualTo("quiet");
    }

    @Test
    void bootTakesItsImageFromAmongTheOptions() {
        var invocation = Invocation.parse(List.of("boot", "-m", "1G", "debian", "-append", "quiet"));

        assertThat(invocation).isInstanceOfSatisfying(Invocation.Boot.class, boot -> {
            assertThat(boot.image()).isEqualTo("debian");
            assertThat(boot.options().all(Option.APPEND)).containsExactly("quiet");
        });
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            edu                   | {type=edu}
            edu,addr=3            | {type=edu, addr=3}
            type=edu,on           | {type=edu, on=on}
            a=1,,2,b=             | {a=1,2, b=}
            a=b=c                 | {a=b=c}
            x,y,z=1,              | {type=x, y=on, z=1}
            a=1,a=2               | {a=2}
            """)
    void keysAndValuesAreReadAsQemuDoes(String text, String values) {
        assertThat(KeyValues.parse("-device", text, "type").all()).hasToString(values);
    }
}
