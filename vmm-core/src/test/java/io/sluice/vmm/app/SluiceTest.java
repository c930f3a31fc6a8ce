package io.sluice.vmm.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The command line as a user meets it: what is refused, in which words, and what is answered.
final class SluiceTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(List<String> arguments) {
        return new Sluice(
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8))
                .run(arguments);
    }

    private String refusal(String commandLine) {
        assertThat(run(List.of(commandLine.split(" ")))).isEqualTo(1);
        assertThat(out.toString(StandardCharsets.UTF_8)).isEmpty();
        var text = err.toString(StandardCharsets.UTF_8);
        assertThat(text).startsWith("sluice: ").endsWith("\n");
        assertThat(text.strip().lines()).hasSize(1);
        return text.strip().substring("sluice: ".length());
    }

    private String answer(String... commandLine) {
        assertThat(run(List.of(commandLine))).isZero();
        assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
        return out.toString(StandardCharsets.UTF_8);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            -foo                                    | -foo: invalid option
            -kernel k -hda x                        | -hda: invalid option
            -m512                                   | -m512: invalid option
            -enable-kvm                             | -enable-kvm: invalid option
            -global x=y                             | -global: invalid option
            -hda disk.img                           | -hda: invalid option
            -kernel                                 | -kernel: requires an argument
            disk.img                                | disk.img: neither an option nor a command; the commands are boot, images and help
            boot a b                                | boot: takes one image, not also 'b'
            boot debian -kernel x                   | -kernel: 'boot' takes it from the image; leave out one of the two
            images all                              | images: takes no 'all'
            -m 1G                                   | nothing to boot: say -kernel FILE, or 'sluice boot' for a ready-made guest ('sluice images')
            -append x                               | -append: only allowed with -kernel
            -kernel /nowhere/vmlinuz                | -kernel /nowhere/vmlinuz: no such file
            -kernel /                               | -kernel /: is a directory
            """)
    void whatCannotBeIsRefusedInOneLine(String commandLine, String message) {
        assertThat(refusal(commandLine)).isEqualTo(message);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            -m 1Q                     | -m 1Q: not a size; write a number with K, M, G or T, such as 512M
            -m 1K                     | -m 1K: memory is 2M to 128G
            -m 4T                     | -m 4T: memory is 2M to 128G
            -m 512,slots=2            | -m: Invalid parameter 'slots'
            -smp 2                    | -smp 2: cpus can only be 1: there is one vCPU as yet
            -cpu host                 | -cpu host: unable to find CPU model 'host'; use max ('-cpu help' lists them)
            -cpu max,+avx             | -cpu max,+avx: Property 'max.avx' not found; max has just what is emulated
            -machine pc               | -machine pc: unsupported machine type; use q35 ('-machine help' lists types)
            -M q35,kernel_irqchip=on  | -machine: Property 'q35.kernel_irqchip' not found ('-machine help' lists properties)
            -machine usb=on           | -machine usb=on: this board can only be usb=off
            -machine accel=kvm        | -accel kvm: invalid accelerator: vCPUs are emulated, use tcg or interp (both mean that)
            -accel kvm                | -accel kvm: invalid accelerator: vCPUs are emulated, use tcg or interp (both mean that)
            -serial tcp::1            | -serial tcp::1: no such target; use stdio, mon:stdio, file:PATH, null or none
            -serial file:             | -serial file:: no such target; use stdio, mon:stdio, file:PATH, null or none
            -serial stdio -debugcon stdio | stdio can serve one port only; give the others file:PATH or null
            -display gtk              | -display gtk: there is none; use -display none
            -vnc :1                   | -vnc :1: there is none; use -vnc none
            -monitor stdio            | -monitor stdio: there is none; use -monitor none
            -uuid 1-2-3-4-5           | -uuid 1-2-3-4-5: not a UUID
            -rtc base=noon            | -rtc base=noon: use utc, localtime, or a date as 2026-01-31T12:00:00
            -rtc clock=vm             | -rtc clock=vm: only clock=host is there
            -d everything             | -d everything: no such log item ('-d help' lists them)
            -dfilter 5                | -dfilter 5: bad range specifier '5': say FIRST..LAST, FIRST+LENGTH or LAST-LENGTH
            -dfilter 9..8             | -dfilter 9..8: invalid range '9..8'
            -msg timestamp=maybe      | -msg timestamp=maybe: Parameter expects 'on' or 'off', not 'maybe'
            -msg colour=on            | -msg: Invalid parameter 'colour'
            -D /no/log                | -D /no/log: cannot be written (/no/log)
            -D a%s                    | -D a%s: cannot be written (invalid log file name 'a%s': only one %d is allowed, for the process)
            -device ,addr=3           | -device ,addr=3: Parameter 'driver' is missing
            -fw_cfg name=opt/x        | -fw_cfg name=opt/x: say either file=PATH or string=TEXT
            -fw_cfg opt/x,file=/no    | -fw_cfg /no: no such file
            """)
    void aBadValueIsRefusedInOneLine(String options, String message) {
        assertThat(refusal("-kernel pom.xml " + options)).isEqualTo(message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-help", "--help", "-h", "help"})
    void helpNamesEveryOption(String word) {
        var text = answer(word);

        assertThat(Option.values()).allSatisfy(option -> assertThat(text).contains("\n" + option.text()));
        assertThat(text).contains("sluice boot [IMAGE]", "Ctrl-A X");
        assertThat(text.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThan(120));
    }

    @Test
    void withoutArgumentsThereIsHelp() {
        assertThat(answer()).startsWith("usage: sluice boot");
    }

    @ParameterizedTest
    @CsvSource({
        "-version, sluice 0",
        "--version, sluice 0",
    })
    void theVersionIsTold(String option, String start) {
        assertThat(answer(option)).startsWith(start);
    }

    @ParameterizedTest
    @CsvSource({
        "-machine, q35",
        "-M, decompress=on|off",
        "-cpu, max",
        "-accel, tcg",
        "-d, cpu_reset",
    })
    void aListIsShownOnHelp(String option, String content) {
        assertThat(answer(option, "help")).contains(content);
    }

    @ParameterizedTest
    @EnumSource(EscapeKey.class)
    void everyEscapeKeyIsExplained(EscapeKey key) {
        assertThat(HelpText.keys()).contains("Ctrl-A " + key.label() + "    " + key.description());
    }

    @Test
    void aRefusalHasTheTimeAndTheMachinesNameIfItShall() {
        int status = run(List.of("-msg", "timestamp=on,guest-name=on", "-name", "vm1", "-kernel", "/nowhere/vmlinuz"));

        assertThat(status).isEqualTo(1);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .matches("[-0-9]{10}T[:.0-9]{15}Z vm1 sluice: -kernel /nowhere/vmlinuz: no such file\n");
    }

    @Test
    void aRefusalIsJsonIfTheLogIs() {
        int status = run(List.of("-object", "log,id=l0", "-name", "vm1", "-kernel", "/nowhere/vmlinuz"));

        assertThat(status).isEqualTo(1);
        assertThat(new JsonObject(err.toString(StandardCharsets.UTF_8)).getMap())
                .containsEntry("level", "error")
                .containsEntry("message", "-kernel /nowhere/vmlinuz: no such file")
                .containsEntry("vm", "vm1");
    }
}
