package io.sluice.vmm.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Lines and answers, as QEMU 7.2 gives them.
@Timeout(120)
final class HumanMonitorTest {
    private static final Duration SHORT = Duration.ofSeconds(60);

    @TempDir
    private static Path shared;

    @TempDir
    private Path directory;

    private static @Nullable MonitorRig halted;

    @BeforeAll
    static void startTheGuest() {
        halted = MonitorRig.halted(shared);
    }

    @AfterAll
    static void endTheGuest() {
        if (halted != null) {
            halted.close();
        }
    }

    private static String ask(String line) {
        return halted == null ? "" : halted.ask(line);
    }

    /// `\n` in the table is a line's end; `HINT(x)` is the hint at `help x`.
    private static String expected(@Nullable String text) {
        return text == null
                ? ""
                : text.replaceAll("HINT\\((.*)\\)$", "\\\\nTry \"help $1\" for more information")
                                .replace("\\n", "\n")
                        + "\n";
    }

    @ParameterizedTest
    @CsvSource(delimiterString = "=>", quoteCharacter = '`', textBlock = """
                    foo => unknown command: 'foo'
                    foo bar => unknown command: 'foo'
                    X 0 => unknown command: 'X'
                    stop; => unknown command: 'stop;'
                    "stop" => unknown command: '"stop"'
                    ?x => unknown command: '?x'
                    info foo => unknown command: 'info foo'
                    info usernet => unknown command: 'info usernet'
                    info -a => unknown command: 'info -a'
                    help foo => unknown command: 'foo'
                    help info foo => unknown command: 'info foo'
                    info status x => status: extraneous characters at the end of lineHINT(info status)
                    info  status x => status: extraneous characters at the end of lineHINT(info  status)
                    info registers -b => registers: unsupported option -bHINT(info registers)
                    info registers -1 => registers: unsupported option -1HINT(info registers)
                    info registers x => invalid char 'x' in expressionHINT(info registers)
                    info registers 0 0 => registers: extraneous characters at the end of lineHINT(info registers)
                    info registers 3 => CPU#3 not available
                    info lapic 3 => No CPU available
                    info lapic zz => invalid char 'z' in expressionHINT(info lapic)
                    info lapic -1 => 'lapic' has failed: integer is for 32-bit valuesHINT(info lapic)
                    info mtree -z => mtree: unsupported option -zHINT(info mtree)
                    info mtree -f -x => mtree: unsupported option -xHINT(info mtree)
                    info mtree -fd => mtree: extraneous characters at the end of lineHINT(info mtree)
                    info mtree x => mtree: extraneous characters at the end of lineHINT(info mtree)
                    info qom-tree /nope => Path '/nope' could not be resolved.
                    info qom-tree a b => qom-tree: extraneous characters at the end of lineHINT(info qom-tree)
                    info mem => PG disabled
                    info tlb => PG disabled
                    x/zz 0 => invalid char in format: 'z'HINT(x)
                    x/s 0 => invalid char in format: 's'HINT(x)
                    x/-1xb 0 => invalid char in format: '-'HINT(x)
                    x/1xb$pc => invalid char in format: '$'HINT(x)
                    x/4xb => unexpected end of expressionHINT(x)
                    x => unexpected end of expressionHINT(x)
                    x/ => unexpected end of expressionHINT(x)
                    x/4xb 0, => x: extraneous characters at the end of lineHINT(x)
                    xp/4xw 0x10000000000 => 0000010000000000: Cannot access memory
                    xp/4xw 0xfec00000 => 00000000fec00000: Cannot access memory
                    xp/2i 0x10000000000 => 0x10000000000: unable to read memory
                    xp/10xb 0x3fffffc => 0000000003fffffc: Cannot access memory
                    p => unexpected end of expressionHINT(p)
                    p/x $foo => unknown registerHINT(p)
                    p/x $ => unknown registerHINT(p)
                    p/x (1+2 => ')' expectedHINT(p)
                    p/x 1+ => unexpected end of expressionHINT(p)
                    p/x 5/0 => division by zeroHINT(p)
                    p/x 5%0 => division by zeroHINT(p)
                    p/x 'ab' => missing terminating ' characterHINT(p)
                    p/x zz => invalid char 'z' in expressionHINT(p)
                    p/x 0xzz => print|p: extraneous characters at the end of lineHINT(p)
                    p/x 09 => print|p: extraneous characters at the end of lineHINT(p)
                    p/x 99999999999999999999999 => number too largeHINT(p)
                    p/x 0x10000000000000000 => number too largeHINT(p)
                    p/x !5 => invalid char '!' in expressionHINT(p)
                    p/x 1<<3 => print|p: extraneous characters at the end of lineHINT(p)
                    p/#x 3 => invalid char in format: '#'HINT(p)
                    print 1&&1 => invalid char '&' in expressionHINT(print)
                    sum 0 => unexpected end of expressionHINT(sum)
                    sum 0 0-1 => 'sum' has failed: integer is for 32-bit valuesHINT(sum)
                    sum 1 2 3 => sum: extraneous characters at the end of lineHINT(sum)
                    sum 0xfec00000 4 => Cannot access memory
                    sum 0 0xffffffff => at most 268435456 bytes at a time
                    stop x => stop|s: extraneous characters at the end of lineHINT(stop)
                    c x => cont|c: extraneous characters at the end of lineHINT(c)
                    quit x => quit|q: extraneous characters at the end of lineHINT(quit)
                    system_reset x => system_reset: extraneous characters at the end of lineHINT(system_reset)
                    system_powerdown x => system_powerdown: extraneous characters at the end of lineHINT(system_powerdown)
                    nmi x => nmi: extraneous characters at the end of lineHINT(nmi)
                    cpu 1 => invalid CPU index
                    cpu => unexpected end of expressionHINT(cpu)
                    device_add => Error: Parameter 'driver' is missing
                    device_add help x => device_add: extraneous characters at the end of lineHINT(device_add)
                    device_add edu,id=a => Error: Bus 'pcie.0' does not support hotplugging
                    device_del => device_del: string expectedHINT(device_del)
                    device_del "a => device_del: string expectedHINT(device_del)
                    device_del foo => Error: Device 'foo' not found
                    device_del "a b" => Error: Device 'a b' not found
                    device_del a b => device_del: extraneous characters at the end of lineHINT(device_del)
                    """)
    void whatIsWrongIsSaidInQemusWords(String line, String answer) {
        assertThat(ask(line)).isEqualTo(expected(answer));
    }

    @ParameterizedTest
    @CsvSource(delimiterString = "=>", quoteCharacter = '`', textBlock = """
                    info status => VM status: running
                    info name => test
                    info uuid => 00000000-0000-0001-0000-000000000002
                    help stop => stop|s  -- stop emulation
                    ? c => cont|c  -- resume emulation
                    p/x 2+3*4-1 => 0xd
                    p/x 10-3-2 => 0x5
                    p/x 100/5/2 => 0xa
                    p/x 1 ^ 3 & 1 | 4 => 0x4
                    p/x (1+2)*3 => 0x9
                    p/x ((((((1)))))) => 0x1
                    p/x ~0 => 0xffffffffffffffff
                    p/x - 5 => 0xfffffffffffffffb
                    p/d --5 => 5
                    p/d 7/-2 => -3
                    p/d -7%3 => -1
                    p/d 0x8000000000000000/-1 => -9223372036854775808
                    p/d 010 => 8
                    p/u -1 => 18446744073709551615
                    p/o 64 => 0100
                    p/x 0 => 0
                    p/i 5 => 5
                    p/c 65 => 'A'
                    p/c 10 => '\\\\n'
                    p/c 39 => '\\''
                    p/c -1 => '\\xffffffff'
                    p/x 'a' => 0x61
                    p/x $pc-$cs.base => 0x7c02
                    p/x $rip => 0x7c02
                    p/x $es.limit => 0xffff
                    p/x $cs => 0
                    xp/4xb 0x7c00 => 0000000000007c00: 0xfa 0xf4 0xeb 0xfd
                    x/4xb $pc-2 => 0000000000007c00: 0xfa 0xf4 0xeb 0xfd
                    xp/2dh 0x7c00 => 0000000000007c00: 62714 65003
                    xp/2ob 0x7c00 => 0000000000007c00: 0372 0364
                    xp/3ub 0x7c01 => 0000000000007c01: 244 235 253
                    xp/1xg 0x7c00 => 0000000000007c00: 0x00000000fdebf4fa
                    xp/1dg 0x7c00 => 0000000000007c00:           4260099322
                    xp/4cb 0x7c00 => 0000000000007c00: '\\xfa' '\\xf4' '\\xeb' '\\xfd'
                    xp/2i 0x7c00 => 0x00007c00:  fa                       cli      \\n0x00007c01:  f4                       hlt
                    sum 0x7c00 4 => 49614
                    gva2gpa 0 => gpa: 0
                    """)
    void valuesArePrintedAsQemuPrintsThem(String line, String answer) {
        assertThat(ask(line).stripTrailing())
                .isEqualTo(
                        answer.replace("\\\\n", "\u0001").replace("\\n", "\n").replace("\u0001", "\\n"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "   ", "x/0xb 0", "cpu 0"})
    void manyLinesAreAnsweredByNothing(String line) {
        assertThat(ask(line)).isEmpty();
    }

    @Test
    void theLastFormatIsRemembered() {
        assertThat(ask("xp/1xb 0x7c00")).endsWith(": 0xfa\n");
        assertThat(ask("xp 0x7c00")).endsWith(": 0xfa\n");
        assertThat(ask("p/d 1")).isEqualTo("1\n");
        assertThat(ask("p -1")).isEqualTo("-1\n");
        assertThat(ask("xp/2xw 0x7c00")).endsWith(": 0xfdebf4fa 0x00000000\n");
    }

    @Test
    void vcpusAreListedWithTheirThreads() {
        assertThat(ask("info cpus")).matches("\\* CPU #0: thread_id=[0-9]+\n");
    }

    @Test
    void interruptsAreCounted() {
        assertThat(ask("info irq")).matches("(?s)IRQ statistics for ioapic:\n.*IRQ statistics for isa-i8259:\n.*");
    }

    // ---- life

    @Test
    void stopAndContChangeTheState() {
        try (var monitor = MonitorRig.halted(directory)) {
            assertThat(monitor.ask("stop")).isEmpty();
            assertThat(monitor.ask("info status")).isEqualTo("VM status: paused\n");
            assertThat(monitor.ask("c")).isEmpty();
            assertThat(monitor.ask("cont")).isEmpty();
            assertThat(monitor.ask("info status")).isEqualTo("VM status: running\n");
            assertThat(monitor.ask("system_powerdown")).isEmpty();
            assertThat(monitor.ask("system_reset")).isEmpty();
            assertThat(monitor.ask("quit")).isEmpty();
            assertThat(monitor.events().stream().map(e -> e.split(" ")[0]))
                    .containsExactly("RESUME", "STOP", "RESUME", "POWERDOWN", "RESET", "SHUTDOWN");
            assertThat(monitor.ask("info status")).isEqualTo("VM status: paused (shutdown)\n");
            assertThat(monitor.ask("cont")).isEqualTo("Error: Resetting the Virtual Machine is required\n");
        }
    }

    @Test
    void anNmiWakesTheGuest() {
        try (var monitor = MonitorRig.halted(directory)) {
            assertThat(monitor.ask("nmi")).isEmpty();

            // The vector leads to address 0, where there are only zeros, which are instructions, up to the sector
            // again.
            await().atMost(SHORT).until(() -> monitor.ask("info registers").contains("ESP=00007bfa"));
        }
    }

    @Test
    void aMachineThatHasNotStartedSaysSo() {
        try (var monitor = MonitorRig.notStarted(directory)) {
            assertThat(monitor.ask("info status")).isEqualTo("VM status: paused (prelaunch)\n");
        }
    }

    // ---- trees, and devices

    @Test
    void devicesAreShownByTheirNamesAndPlaces() {
        try (var monitor = MonitorRig.halted(
                directory,
                MonitorRig.HALT,
                "pcie-root-port,id=rp0,chassis=1,slot=1",
                "edu,id=e,bus=pcie.0,addr=5",
                "isa-debug-exit,id=x")) {
            assertThat(monitor.ask("info qom-tree /machine/peripheral")).isEqualTo("""
                            /peripheral (container)
                              /e (edu)
                              /rp0 (pcie-root-port)
                              /x (isa-debug-exit)
                            """);
            assertThat(monitor.ask("info qom-tree /machine/peripheral/e")).isEqualTo("/e (edu)\n");
            assertThat(monitor.ask("info qom-tree")).startsWith("/machine (").contains("  /unattached (container)\n");
            assertThat(monitor.ask("info qtree"))
                    .contains("      dev: edu, id \"e\"\n        addr = 05.0\n")
                    .contains("dma_mask = 268435455 (0xfffffff)\n")
                    .contains("          bus: isa.0\n".substring(2))
                    .contains("dev: isa-debug-exit, id \"x\"\n");
            assertThat(monitor.ask("info pci")).contains("1234:11e8").contains("id \"e\"");
            assertThat(monitor.ask("info mdev")).isEqualTo("There are no mediated devices\n");
            assertThat(monitor.ask("info host")).isEqualTo("The host has no PCI functions\n");
        }
    }

    @Test
    void devicesComeAndGo() {
        try (var monitor = MonitorRig.halted(directory, MonitorRig.HALT, "pcie-root-port,id=rp0,chassis=1,slot=1")) {
            assertThat(monitor.ask("device_add edu,id=a,,b,bus=rp0"))
                    .isEqualTo("Error: Parameter 'id' expects an identifier\n");
            assertThat(monitor.ask("device_add edu,id=e,bus=rp0")).isEmpty();
            assertThat(monitor.ask("info qom-tree /machine/peripheral/e")).isEqualTo("/e (edu)\n");
            assertThat(monitor.ask("device_del e")).isEmpty();
            assertThat(monitor.ask("device_del zz")).isEqualTo("Error: Device 'zz' not found\n");
        }
    }

    // ---- hostile lines

    @ParameterizedTest
    @ValueSource(
            strings = {
                "x/999999999xw 0x100000",
                "x/2147483647i 0x100000",
                "xp/99999999999999999999xb 0x100000",
                "xp/999999999cb 0x100000",
                "x/999999999xg 0xffffffff00100000"
            })
    void aHugeDumpIsCut(String line) {
        org.junit.jupiter.api.Assertions.assertTimeoutPreemptively(SHORT, () -> {
            var text = ask(line);

            assertThat(text.length()).isLessThan(5 << 20);
            assertThat(text.substring(text.length() - 60)).endsWith("(cut: the text is longer than 4 MiB)\n");
        });
    }

    @Test
    void deepExpressionsAreRefused() {
        var deep = "expression too deep\nTry \"help p\" for more information\n";

        assertThat(ask("p " + "(".repeat(1_000_000))).isEqualTo(deep);
        assertThat(ask("p " + "-".repeat(1_000_000) + "1")).isEqualTo(deep);
        assertThat(ask("p/x " + "1+".repeat(100_000) + "1")).isEqualTo("0x186a1\n");
    }

    @Test
    void longLinesAreAnswered() {
        assertThat(ask("x".repeat(1_000_000))).startsWith("unknown command: 'xxx");
        assertThat(ask(" ".repeat(1_000_000))).isEmpty();
        assertThat(ask("info " + "/".repeat(1_000_000))).startsWith("unknown command: 'info ");
        assertThat(ask("device_add edu" + ",".repeat(99_999))).startsWith("Error: ");
    }

    @Test
    void noLineMakesTheMonitorThrow() {
        long seed = 20_261_121;
        System.out.println("seed " + seed);
        var random = new SplittableRandom(seed);
        var pieces = List.of(
                "x",
                "xp",
                "p",
                "info",
                "sum",
                "/",
                "4",
                "xb",
                "i",
                " ",
                "$pc",
                "$",
                "(",
                ")",
                "-",
                "~",
                "0x",
                "'",
                "\"",
                "\\",
                ",",
                "=",
                "registers",
                "lapic",
                "mtree",
                "qom-tree",
                "help",
                "device_add",
                "device_del",
                "-a",
                "-f",
                "%s",
                "%",
                "\u0000",
                "\u00e9",
                "\n",
                "\r",
                "99999999999",
                "gva2gpa",
                "cpu",
                "tlb");

        for (int i = 0; i < 3000; i++) {
            var line = new StringBuilder();
            for (int j = random.nextInt(8); j >= 0; j--) {
                line.append(pieces.get(random.nextInt(pieces.size())));
            }
            assertThat(ask(line.toString())).as(line.toString()).isNotNull();
        }
    }
}
