package io.sluice.guest.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The real program as a child process, with a guest's console on its standard input and output. One thread uses a
/// session; closing it ends the process, whatever state it is in.
///
/// What does not come in time fails the test and shows the console's last lines and what the program itself said.
public final class GuestSession implements AutoCloseable {
    /// The prompt of the Debian guest's shell.
    public static final String PROMPT = " # ";

    private static final int LINES_SHOWN = 60;
    private static final String BEGIN = "@@";
    private static final String END = "@@";

    private final List<String> arguments;
    private final long started = System.nanoTime();
    private final Process process;
    private final Transcript console = new Transcript();
    private final Transcript errors = new Transcript();
    private final List<Thread> readers;
    /// For a test run that is broken off.
    private final Thread lastResort;
    private int cursor;
    private int commands;

    private GuestSession(List<String> arguments, Process process) {
        this.arguments = arguments;
        this.process = process;
        this.readers = List.of(
                reader(process.getInputStream(), console, "guest-console"),
                reader(process.getErrorStream(), errors, "guest-errors"));
        this.lastResort = new Thread(process::destroyForcibly);
        Runtime.getRuntime().addShutdownHook(lastResort);
    }

    /// The repository, whose launcher is tested.
    public static Path repository() {
        var root = System.getProperty("sluice.root");
        return root == null ? Path.of("..").toAbsolutePath().normalize() : Path.of(root);
    }

    /// Starts `./sluice` with these arguments. The tests' build has built all that it needs.
    public static GuestSession sluice(String... arguments) {
        return sluice(Map.of(), arguments);
    }

    /// As [#sluice(String...)].
    ///
    /// @param environment more for the launcher, which says what it knows
    public static GuestSession sluice(Map<String, String> environment, String... arguments) {
        var command = new ArrayList<>(List.of("./sluice"));
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command)
                .directory(repository().toFile())
                .redirectInput(ProcessBuilder.Redirect.PIPE);
        builder.environment().put("SLUICE_NO_BUILD", "1");
        builder.environment().putAll(environment);
        try {
            return new GuestSession(command, builder.start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Thread reader(InputStream from, Transcript to, String name) {
        var thread = new Thread(() -> copy(from, to), name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private static void copy(InputStream from, Transcript to) {
        var buffer = new byte[8192];
        try (from) {
            for (int n = from.read(buffer); n >= 0; n = from.read(buffer)) {
                to.append(new String(buffer, 0, n, StandardCharsets.ISO_8859_1));
            }
        } catch (IOException e) {
            to.append("\n(the pipe broke: " + e.getMessage() + ")\n");
        }
        to.end();
    }

    /// Waits for text after all that was waited for before.
    ///
    /// @return what came before it
    public String await(String text, Duration limit) {
        return await(Pattern.compile(Pattern.quote(text)), limit);
    }

    /// Waits for the first match after all that was waited for before.
    ///
    /// @return what came before it
    public String await(Pattern pattern, Duration limit) {
        Matcher found = console.await(pattern, cursor, limit);
        if (found == null) {
            throw failure("'" + pattern + "' did not come within " + limit.toSeconds() + " s");
        }
        String before = console.text().substring(cursor, found.start());
        cursor = found.end();
        return before;
    }

    /// Types a line.
    public void type(String line) {
        try {
            var keys = process.getOutputStream();
            keys.write((line + "\r").getBytes(StandardCharsets.ISO_8859_1));
            keys.flush();
        } catch (IOException e) {
            throw failure("cannot type '" + line + "': " + e.getMessage());
        }
    }

    /// Runs a command in the guest's shell, which is at its prompt.
    ///
    /// @return what it wrote, without carriage returns and without the last line end
    public String run(String command, Duration limit) {
        int number = ++commands;
        // As typed the marks are apart, so the shell's echo is not taken for them.
        type("echo " + BEGIN + "''" + number + "; " + command + "; echo " + number + "''" + END);
        await(BEGIN + number + "\r\n", limit);
        String output = await(number + END, limit);
        await(PROMPT, limit);
        return output.replace("\r", "").replaceFirst("\n$", "");
    }

    /// The exit status, when the process has ended and all that it wrote was read.
    public int awaitEnd(Duration limit) {
        try {
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw failure("the program has not ended within " + limit.toSeconds() + " s");
            }
            for (var reader : readers) {
                reader.join(limit);
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        }
    }

    /// Sends SIGTERM.
    public void terminate() {
        process.destroy();
    }

    /// All that came on the guest's console.
    public String console() {
        return rawConsole().replace("\r", "");
    }

    /// The same with its carriage returns.
    public String rawConsole() {
        return console.text();
    }

    /// The launcher becomes the program, so this is both.
    public long pid() {
        return process.pid();
    }

    /// What the program itself had to say.
    public String errors() {
        return errors.text();
    }

    /// Since the process was started.
    public Duration age() {
        return Duration.ofNanos(System.nanoTime() - started);
    }

    private AssertionError failure(String what) {
        var lines = console().lines().toList();
        var last = lines.subList(Math.max(0, lines.size() - LINES_SHOWN), lines.size());
        return new AssertionError(String.join(" ", arguments) + ": " + what
                + (process.isAlive() ? "" : " (the program ended with status " + process.exitValue() + ")")
                + "\nIt says:\n" + errors() + "\nThe console's last lines:\n" + String.join("\n", last));
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        Runtime.getRuntime().removeShutdownHook(lastResort);
        awaitEnd(Duration.ofSeconds(10));
    }
}
