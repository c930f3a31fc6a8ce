package io.sluice.vmm.qmp;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// How many clients there may be at a time. Each costs a file and some kilobytes, whether it says anything or not; a
/// process without files to spare cannot so much as accept a connection to close it.
final class ClientLimit {
    static final int MOST = 1000;

    private static final Path LIMITS = Path.of("/proc/self/limits");
    private static final String OPEN_FILES = "Max open files";

    private ClientLimit() {}

    /// Half of the files that this process may have open, and [#MOST] at most.
    static int ofProcess() {
        try (var lines = Files.lines(LIMITS)) {
            return lines.filter(line -> line.startsWith(OPEN_FILES))
                    .map(line -> line.substring(OPEN_FILES.length()).strip().split(" +")[0])
                    .filter(word -> word.matches("\\d{1,9}"))
                    .mapToInt(word -> Math.clamp(Long.parseLong(word) / 2, 1, MOST))
                    .findFirst()
                    .orElse(MOST);
        } catch (IOException e) {
            return MOST; // no Linux, or a closed /proc
        }
    }
}
