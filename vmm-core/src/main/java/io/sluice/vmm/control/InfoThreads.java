package io.sluice.vmm.control;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// The host's number of a vCPU's thread, by which people pin it.
final class InfoThreads {
    private static final Path TASKS = Path.of("/proc/self/task");

    private InfoThreads() {}

    /// -1 if the host does not say.
    static long ofVcpu(int number) {
        var wanted = "vcpu-" + number;
        try (var tasks = Files.newDirectoryStream(TASKS)) {
            for (var task : tasks) {
                if (name(task).equals(wanted)) {
                    return Long.parseLong(task.getFileName().toString());
                }
            }
        } catch (IOException e) {
            return -1;
        }
        return -1;
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
