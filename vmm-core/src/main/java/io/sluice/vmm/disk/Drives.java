package io.sluice.vmm.disk;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The drives of one machine, by their names. Used by the thread that owns the machine.
public final class Drives implements AutoCloseable {
    private final List<Drive> drives = new ArrayList<>();

    /// Opens a drive.
    ///
    /// @throws DiskException in QEMU's words if it cannot be had; then nothing is left of it
    public Drive open(String id, Path path, boolean readOnly) {
        if (find(id) != null) {
            throw new DiskException("Duplicate ID '" + id + "' for drive");
        }
        var drive = new Drive(id, DiskFile.open(path, readOnly));
        drives.add(drive);
        return drive;
    }

    /// The drive of this name, if there is one.
    public @Nullable Drive find(String id) {
        return drives.stream().filter(d -> d.id().equals(id)).findFirst().orElse(null);
    }

    /// In the order in which they were opened.
    public List<Drive> list() {
        return List.copyOf(drives);
    }

    /// Closes all. No device has one any more.
    @Override
    public void close() {
        drives.reversed().forEach(Drive::close);
        drives.clear();
    }
}
