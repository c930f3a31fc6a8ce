package io.sluice.guest.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Debian's gdb, driven by a script.
public final class Gdb {
    private final Path directory;

    /// @param directory for its script and what it says
    public Gdb(Path directory) {
        this.directory = directory;
    }

    /// Starts gdb with these commands; it ends behind the last.
    public Process start(List<String> commands) {
        try {
            var script = Files.write(directory.resolve("script.gdb"), commands);
            return new ProcessBuilder("gdb", "-nx", "-batch", "-x", script.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(output().toFile())
                    .redirectInput(Path.of("/dev/null").toFile())
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path output() {
        return directory.resolve("output");
    }

    /// What the last gdb has said so far.
    public String said() {
        try {
            return Files.readString(output(), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Runs these commands to their end.
    ///
    /// @return all that gdb said
    public String run(List<String> commands, Duration limit) {
        var process = start(commands);
        try {
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError("gdb has not ended within " + limit.toSeconds() + " s; it says:\n" + said());
            }
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        } finally {
            process.destroyForcibly();
        }
        return said();
    }
}
