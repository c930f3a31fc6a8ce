package io.sluice.guest.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// What a process takes of the system's, as Linux tells it.
public final class ProcessWatch {
    private final Path directory;

    public ProcessWatch(long pid) {
        directory = Path.of("/proc", Long.toString(pid));
    }

    /// The most memory that it had at a time, in bytes.
    public long peakMemory() {
        return status("VmHWM") << 10;
    }

    /// The names of its threads, without those in which the JVM compiles, which come and go with the work.
    public List<String> threads() {
        try (var tasks = Files.list(directory.resolve("task"))) {
            return tasks.map(ProcessWatch::name)
                    .filter(name -> !name.contains("Compiler"))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String name(Path task) {
        try {
            return Files.readString(task.resolve("comm")).strip();
        } catch (IOException e) {
            return "Compiler, gone while we looked";
        }
    }

    public long openFiles() {
        try (var files = Files.list(directory.resolve("fd"))) {
            return files.count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private long status(String name) {
        try (var lines = Files.lines(directory.resolve("status"))) {
            return lines.filter(line -> line.startsWith(name + ":"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
