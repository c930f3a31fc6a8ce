package io.sluice.guest.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// What this process holds that a machine could leave behind: threads, open files, and mappings of files.
public record Leftovers(List<String> threads, List<String> files, List<String> mappings) {
    private static final Path SELF = Path.of("/proc/self");

    /// All that is there now.
    public static Leftovers now() {
        try (var files = Files.list(SELF.resolve("fd"));
                var mappings = Files.lines(SELF.resolve("maps"))) {
            return new Leftovers(
                    Thread.getAllStackTraces().keySet().stream()
                            .map(Thread::getName)
                            .toList(),
                    files.map(Leftovers::target)
                            .filter(target -> !target.startsWith("/proc/"))
                            .toList(),
                    mappings.map(line -> line.split(" +", 6))
                            .filter(fields -> fields.length == 6 && fields[5].startsWith("/"))
                            .map(fields -> fields[5])
                            .toList());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException e) {
            return "/proc/, closed while we looked";
        }
    }

    /// What is there now and was not then.
    public List<String> since() {
        var now = now();
        var more = new ArrayList<String>();
        more("thread ", now.threads, threads, more);
        more("file ", now.files, files, more);
        more("mapping of ", now.mappings, mappings, more);
        return more;
    }

    private static void more(String kind, List<String> now, List<String> then, List<String> more) {
        var left = new ArrayList<>(now);
        then.forEach(left::remove);
        left.forEach(item -> more.add(kind + item));
    }
}
