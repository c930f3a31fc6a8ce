package io.sluice.guest.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.guest.GuestCache;
import io.sluice.guest.debian.DebianGuest;
import io.sluice.guest.testkit.Gdb;
import io.sluice.guest.testkit.GuestSession;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Debian's gdb at work on Debian's kernel, from its first instruction on.
@Timeout(900)
class GdbTest {
    private static final Duration BOOT = Duration.ofSeconds(240);
    private static final Duration SOON = Duration.ofSeconds(90);
    private static final int STEPS = 100;

    /// Addresses of the kernel's symbols; its own list, which it has when it does not move itself about.
    private static final Map<String, String> SYMBOLS = new HashMap<>();

    @TempDir
    private Path directory;

    /// A guest that runs already, and where gdb finds it.
    private static GuestSession running;

    private static Path socketOfRunning;

    @BeforeAll
    static void askTheKernelForItsSymbols(@TempDir Path directoryOfAll) {
        DebianGuest.of(GuestCache.ofUser()).prepare((what, done, total) -> {});
        socketOfRunning = directoryOfAll.resolve("gdb.sock");
        running = GuestSession.sluice(sluice(socketOfRunning));
        running.await(DebianGuest.READY, BOOT);
        running.await(GuestSession.PROMPT, SOON);
        running.run("grep -E ' (start_kernel|jiffies_64|do_sys_openat2|linux_banner)$' /proc/kallsyms", SOON)
                .lines()
                .map(line -> line.split(" "))
                .forEach(words -> SYMBOLS.put(words[2], "0x" + words[0]));
        assertThat(SYMBOLS).containsOnlyKeys("start_kernel", "jiffies_64", "do_sys_openat2", "linux_banner");
    }

    @AfterAll
    static void end() {
        running.close();
    }

    private static String[] sluice(Path socket, String... more) {
        var fixed = List.of("boot", "debian", "-append", "nokaslr", "-gdb", "unix:" + socket);
        return java.util.stream.Stream.concat(fixed.stream(), List.of(more).stream())
                .toArray(String[]::new);
    }

    private static List<String> attached(Path socket, String... commands) {
        var start = List.of(
                "set pagination off",
                "set confirm off",
                // gdb asks again after two seconds, and two answers are one too many for it.
                "set remotetimeout 60",
                // The file is there as soon as somebody answers.
                "shell while [ ! -S " + socket + " ]; do sleep 0.1; done",
                "target remote " + socket);
        return java.util.stream.Stream.concat(start.stream(), List.of(commands).stream())
                .toList();
    }

    @Test
    void gdbBreaksReadsStepsWatchesAndLetsTheGuestBootOn() {
        var socket = directory.resolve("gdb.sock");
        var gdb = new Gdb(directory);
        var startKernel = SYMBOLS.get("start_kernel");
        var jiffies = "*(unsigned long *) " + SYMBOLS.get("jiffies_64");

        try (var guest = GuestSession.sluice(sluice(socket, "-S"))) {
            var said = gdb.run(
                    attached(
                            socket,
                            "hbreak *" + startKernel,
                            "continue",
                            "printf \"at %#lx\\n\", $rip",
                            "info registers rip cs cr0 efer gs_base mxcsr fctrl",
                            "printf \"banner %.13s\\n\", (char *) " + SYMBOLS.get("linux_banner"),
                            "info threads",
                            "delete",
                            "set $before = $rip",
                            "stepi " + STEPS,
                            "printf \"moved %d\\n\", $rip != $before",
                            "watch " + jiffies,
                            "continue",
                            "continue",
                            "delete",
                            "break *" + SYMBOLS.get("do_sys_openat2"),
                            "continue",
                            "printf \"at %#lx\\n\", $rip",
                            "printf \"at %#lx\\n\", *(unsigned long *) $rsp",
                            "delete",
                            "monitor help",
                            "detach"),
                    BOOT);

            assertThat(said).contains("Breakpoint 1, " + startKernel, "at " + startKernel + "\n", "Thread 1 (CPU#0");
            assertThat(said).contains("cr0            0x80050033          [ PE MP ET NE WP AM PG ]");
            assertThat(said).contains("efer           0xd01               [ SCE LME LMA NXE ]");
            assertThat(said).contains("fctrl          0x40", "banner Linux version", "moved 1\n");
            assertThat(Pattern.compile("Old value = (\\d+)\nNew value = (\\d+)")
                            .matcher(said)
                            .results()
                            .map(change -> Long.parseLong(change.group(2)) - Long.parseLong(change.group(1))))
                    .containsExactly(1L, 1L);
            assertThat(said)
                    .contains("Breakpoint 3, " + SYMBOLS.get("do_sys_openat2"), "info registers   the registers");
            assertThat(said).contains("[Inferior 1 (Remote target) detached]").doesNotContain("Error in sourced");

            guest.await(DebianGuest.READY, BOOT);
            guest.await(GuestSession.PROMPT, SOON);
            assertThat(guest.run("uname -s", SOON)).isEqualTo("Linux");
            guest.type("poweroff -f");
            assertThat(guest.awaitEnd(SOON)).isZero();
            assertThat(guest.errors()).isEmpty();
            assertThat(socket).doesNotExist();
        }
    }

    @Test
    void gdbComesToAGuestThatRunsAndTheGuestGoesOnWhenItIsKilled() throws InterruptedException {
        var gdb = new Gdb(directory);

        var said = gdb.run(
                attached(
                        socketOfRunning,
                        "printf \"level %d\\n\", $cs & 3",
                        "printf \"banner %.13s\\n\", (char *) " + SYMBOLS.get("linux_banner"),
                        "x/1xb 0x10",
                        "detach"),
                SOON);
        assertThat(said).contains("level 0\n", "banner Linux version", "Cannot access memory at address 0x10");
        assertThat(running.run("echo on", SOON)).isEqualTo("on");

        var ready = directory.resolve("ready");
        var killed = gdb.start(attached(
                socketOfRunning,
                "break *" + SYMBOLS.get("do_sys_openat2"),
                "shell touch " + ready + "; exec sleep 600"));
        await().atMost(SOON).until(() -> Files.exists(ready));
        killed.descendants().forEach(ProcessHandle::destroyForcibly);
        killed.destroyForcibly().waitFor();

        assertThat(running.run("cat /proc/uptime > /dev/null; echo on", SOON)).isEqualTo("on");
        running.type("poweroff -f");
        assertThat(running.awaitEnd(SOON)).isZero();
    }
}
