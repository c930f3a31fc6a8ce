package io.sluice.vmm.device;

import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.loop.StrandTimer;
import org.jspecify.annotations.Nullable;

/// One alarm of a device: set, moved or cleared inside its strand, and the task runs inside the strand.
public final class DeviceTimer {
    /// A deadline that never comes.
    public static final long NEVER = Long.MAX_VALUE;

    private final Strand strand;
    private final Runnable task;
    private @Nullable StrandTimer armed;
    private long deadline = NEVER;

    public DeviceTimer(Strand strand, Runnable task) {
        this.strand = strand;
        this.task = task;
    }

    /// Nanoseconds of the machine's clock, or [#NEVER].
    public long deadline() {
        return deadline;
    }

    /// Moves the alarm to `newDeadline`; [#NEVER] clears it. Setting what is set already costs nothing.
    public void set(long newDeadline) {
        if (newDeadline == deadline) {
            return;
        }
        if (armed != null) {
            armed.cancel();
            armed = null;
        }
        deadline = newDeadline;
        if (newDeadline != NEVER) {
            armed = strand.at(newDeadline, this::fire);
        }
    }

    public void clear() {
        set(NEVER);
    }

    private void fire() {
        armed = null;
        deadline = NEVER;
        task.run();
    }
}
