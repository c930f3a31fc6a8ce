package io.sluice.guest.debian;

import io.sluice.vmm.plugin.Progress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// The machine's package manager, run as a child. Where the system's lists know nothing (a fresh machine), lists of our
/// own are fetched from the machine's own sources; that needs no privilege.
final class Apt {
    /// What a package's record says.
    record Known(String name, String version, String depends, String sha256, long size) {}

    private static final int MINUTES = 20;

    private final Path privateState;
    private final Path commands;
    private boolean privateLists;

    /// @param privateState where lists of our own go
    /// @param commands directory of `apt-get` and `apt-cache`
    Apt(Path privateState, Path commands) {
        this.privateState = privateState;
        this.commands = commands;
    }

    /// The newest version of a package.
    ///
    /// @throws IOException if apt is not there or does not know the package; the message says why
    Known find(String name, Progress progress) throws IOException {
        var known = show(name);
        if (known.isEmpty() && !privateLists) {
            progress.step("fetching package lists", 0, 0);
            privateLists = true;
            Files.createDirectories(privateState.resolve("state/lists/partial"));
            Files.createDirectories(privateState.resolve("cache/archives/partial"));
            // Some source may fail; what counts is whether the package is known afterwards.
            String complaint = run(privateState, options("apt-get", "update")).complaint();
            known = show(name);
            if (known.isEmpty()) {
                throw new IOException("apt does not know it" + (complaint.isEmpty() ? "" : " (" + complaint + ")"));
            }
        }
        if (known.isEmpty()) {
            throw new IOException("apt does not know it");
        }
        return known.getFirst();
    }

    private List<Known> show(String name) throws IOException {
        var shown = run(Path.of("."), options("apt-cache", "--no-all-versions", "show", name));
        var known = new ArrayList<Known>();
        for (String record : shown.output().split("\n\n", -1)) {
            String version = field(record, "Version");
            if (field(record, "Package").equals(name) && !version.isEmpty()) {
                known.add(new Known(
                        name,
                        version,
                        field(record, "Depends"),
                        field(record, "SHA256"),
                        Long.parseLong("0" + field(record, "Size").replaceAll("\\D", ""))));
            }
        }
        return known;
    }

    private static String field(String record, String name) {
        return record.lines()
                .filter(line -> line.startsWith(name + ": "))
                .map(line -> line.substring(name.length() + 2).strip())
                .findFirst()
                .orElse("");
    }

    /// Downloads into an empty directory and returns the package file, checked.
    Path download(Known wanted, Path directory, Progress progress) throws IOException {
        var outcome = run(
                directory,
                options("apt-get", "download", wanted.name() + "=" + wanted.version()),
                () -> progress.step("downloading " + wanted.name(), bytesIn(directory), wanted.size()));
        try (Stream<Path> files = Files.list(directory)) {
            var file = files.filter(f -> f.toString().endsWith(".deb")).findFirst();
            if (file.isEmpty()) {
                throw new IOException(
                        outcome.complaint().isEmpty() ? "apt-get delivered nothing" : outcome.complaint());
            }
            progress.step("downloading " + wanted.name(), Files.size(file.get()), wanted.size());
            return file.get();
        }
    }

    private static long bytesIn(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.mapToLong(f -> f.toFile().length()).sum();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<String> options(String... command) {
        var line = new ArrayList<>(List.of(command));
        line.set(0, commands.resolve(command[0]).toString());
        // The download belongs to whoever runs us; no need to drop to another user.
        line.addAll(List.of("-o", "APT::Sandbox::User=root", "-o", "APT::Architecture=amd64"));
        if (privateLists) {
            line.addAll(List.of(
                    "-o",
                    "APT::Architectures=amd64",
                    "-o",
                    "Dir::State=" + privateState.resolve("state"),
                    "-o",
                    "Dir::Cache=" + privateState.resolve("cache"),
                    "-o",
                    "Acquire::Languages=none"));
        }
        return line;
    }

    private record Outcome(int status, String output, String complaint) {}

    private static Outcome run(Path directory, List<String> command) throws IOException {
        return run(directory, command, () -> {});
    }

    private static Outcome run(Path directory, List<String> command, Runnable tick) throws IOException {
        var output = Files.createTempFile("sluice-apt", ".out");
        var complaints = Files.createTempFile("sluice-apt", ".err");
        try {
            var builder = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .redirectOutput(output.toFile())
                    .redirectError(complaints.toFile());
            builder.environment().put("LC_ALL", "C");
            int status = await(builder.start(), tick);
            String complaint = Files.readString(complaints, StandardCharsets.ISO_8859_1)
                    .lines()
                    .filter(line -> line.startsWith("E: "))
                    .map(line -> line.substring(3))
                    .findFirst()
                    .orElse("");
            return new Outcome(status, Files.readString(output, StandardCharsets.ISO_8859_1), complaint);
        } finally {
            Files.deleteIfExists(output);
            Files.deleteIfExists(complaints);
        }
    }

    private static int await(Process process, Runnable tick) throws IOException {
        long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(MINUTES);
        try {
            while (!process.waitFor(250, TimeUnit.MILLISECONDS)) {
                tick.run();
                if (System.nanoTime() > end) {
                    throw new IOException("apt took longer than " + MINUTES + " minutes");
                }
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            process.destroyForcibly();
        }
    }
}
