package io.sluice.guest.testkit;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// A program in Go, made of one file of ours and the libraries that Debian packages, and running. One thread uses it.
public final class GoProgram implements AutoCloseable {
    private static final String LIBRARIES = "/usr/share/gocode";

    private final Process process;
    private final Path errors;
    private final BufferedReader output;
    private final OutputStream input;

    private GoProgram(Process process, Path errors) {
        this.process = process;
        this.errors = errors;
        output = process.inputReader(StandardCharsets.UTF_8);
        input = process.getOutputStream();
    }

    /// Compiles a file.
    ///
    /// @param directory for all that comes of it
    /// @param packages which Debian packages are needed, for who has not got them
    /// @return the program
    public static Path build(Path source, Path directory, String packages) {
        var log = directory.resolve("go.log");
        var program = directory.resolve("program");
        var builder = new ProcessBuilder("go", "build", "-o", program.toString(), source.toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment()
                .putAll(Map.of(
                        "GO111MODULE",
                        "off",
                        "GOPATH",
                        LIBRARIES,
                        "GOCACHE",
                        directory.resolve("go").toString(),
                        "GOENV",
                        "off",
                        "GOFLAGS",
                        "",
                        "CGO_ENABLED",
                        "0"));
        try {
            var compiler = builder.start();
            if (!compiler.waitFor(60, TimeUnit.SECONDS) || compiler.exitValue() != 0) {
                compiler.destroyForcibly();
                throw new AssertionError(
                        "install Debian's packages " + packages + "; go says:\n" + Files.readString(log));
            }
            return program;
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        } catch (IOException e) {
            throw new AssertionError("install Debian's packages " + packages + ": " + e.getMessage(), e);
        }
    }

    /// Starts a program.
    ///
    /// @param directory for what it says on standard error
    public static GoProgram start(Path program, Path directory, String... arguments) {
        var command = new ArrayList<>(List.of(program.toString()));
        command.addAll(List.of(arguments));
        var errors = directory.resolve("errors");
        try {
            var process =
                    new ProcessBuilder(command).redirectError(errors.toFile()).start();
            return new GoProgram(process, errors);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The lines up to this one, without it.
    public List<String> linesUntil(String last) {
        var lines = new ArrayList<String>();
        try {
            for (var line = output.readLine(); !last.equals(line); line = output.readLine()) {
                if (line == null) {
                    throw new AssertionError("'" + last + "' does not come; before it:\n" + String.join("\n", lines)
                            + "\nand on standard error:\n" + Files.readString(errors));
                }
                lines.add(line);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return lines;
    }

    public void tell(String line) {
        try {
            input.write((line + "\n").getBytes(StandardCharsets.UTF_8));
            input.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The exit status.
    public int awaitEnd(Duration limit) {
        try {
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError("the program has not ended within " + limit.toSeconds() + " s");
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
