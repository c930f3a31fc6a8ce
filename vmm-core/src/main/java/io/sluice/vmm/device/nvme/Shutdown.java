package io.sluice.vmm.device.nvme;

import io.sluice.vmm.disk.Drive;
import io.sluice.vmm.loop.Strand;
import org.jspecify.annotations.Nullable;

/// Brings a drive's data to the medium before the controller says that it has shut down: one flush at a time, whatever
/// the guest asks for meanwhile.
final class Shutdown {
    private final @Nullable Drive drive;
    private final Strand strand;
    private final Runnable done;
    private boolean wanted;
    private boolean running;

    /// @param done told on the strand when all is on the medium
    Shutdown(@Nullable Drive drive, Strand strand, Runnable done) {
        this.drive = drive;
        this.strand = strand;
        this.done = done;
    }

    void begin() {
        wanted = true;
        start();
    }

    /// The guest no longer waits for it.
    void cancel() {
        wanted = false;
    }

    private void start() {
        if (drive == null) {
            wanted = false;
            done.run();
        } else if (!running) {
            running = true;
            drive.submit(scratch -> {
                drive.file().sync(scratch);
                strand.defer(this::flushed);
            });
        }
    }

    private void flushed() {
        running = false;
        if (wanted) {
            wanted = false;
            done.run();
        }
    }
}
