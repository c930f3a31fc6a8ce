package io.sluice.vmm.control;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/// The threads of this process as Linux numbers them.
final class HostThreads {
    private static final Path TASKS = Path.of("/proc/self/task");

    private HostThreads() {}

    /// The number of a vCPU's thread, by which people pin it; nothing if the host does not tell.
    static OptionalLong ofVcpu(int number) {
        var wanted = "vcpu-" + number;
        try (var tasks = Files.newDirectoryStream(TASKS)) {
            for (var task : tasks) {
                if (name(task).equals(wanted)) {
                    return OptionalLong.of(Long.parseLong(task.getFileName().toString()));
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            return OptionalLong.empty(); // no Linux
        }
        return OptionalLong.empty();
    }

    /// A thread may end while it is looked at.
    private static String name(Path task) {
        try {
            return Files.readString(task.resolve("comm")).strip();
        } catch (IOException e) {
            return "";
        }
    }
}
