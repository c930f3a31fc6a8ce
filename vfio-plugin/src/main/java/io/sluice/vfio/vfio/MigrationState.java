package io.sluice.vfio.vfio;

import org.jspecify.annotations.Nullable;

/// The states of a device that can be moved to another machine, by their numbers.
public enum MigrationState {
    /// Unusable until it is reset.
    ERROR,
    /// Frozen.
    STOP,
    RUNNING,
    /// Frozen; its state can be read.
    STOP_COPY,
    /// Frozen; its state can be written.
    RESUMING,
    /// Answers other devices, and starts nothing towards them.
    RUNNING_P2P,
    /// Runs; its state can be read, as far as it will not change.
    PRE_COPY,
    /// As [#RUNNING_P2P], and its state can be read.
    PRE_COPY_P2P;

    /// The state of a number; null if there is none.
    public static @Nullable MigrationState of(int number) {
        return number >= 0 && number < values().length ? values()[number] : null;
    }

    /// Whether the device runs, at least for others.
    public boolean isRunning() {
        return switch (this) {
            case RUNNING, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P -> true;
            case ERROR, STOP, STOP_COPY, RESUMING -> false;
        };
    }

    /// Whether the user has a file to read the state from.
    public boolean isSaving() {
        return this == STOP_COPY || isPreCopy();
    }

    public boolean isPreCopy() {
        return this == PRE_COPY || this == PRE_COPY_P2P;
    }
}
