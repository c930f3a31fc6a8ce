package io.sluice.vmm.control;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.Path;

/// The threads of this process as Linux numbers them.
final class HostThreads {
    private static final Path TASKS = Path.of("/proc/self/task");

    private HostThreads() {}

    /// The thread id of the thread called `name`, or 0 if the host does not tell.
    static long find(String name) {
        try (var tasks = Files.newDirectoryStream(TASKS)) {
            for (var task : tasks) {
                if (Files.readString(task.resolve("comm")).strip().equals(name)) {
                    return Long.parseLong(task.getFileName().toString());
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            // A thread may have ended between the two reads, or this is no Linux: then there is no number to tell.
            return 0;
        }
        return 0;
    }
}
