package io.sluice.vfio.vfio;

import static io.sluice.vfio.vfio.MigrationState.ERROR;
import static io.sluice.vfio.vfio.MigrationState.PRE_COPY;
import static io.sluice.vfio.vfio.MigrationState.PRE_COPY_P2P;
import static io.sluice.vfio.vfio.MigrationState.RESUMING;
import static io.sluice.vfio.vfio.MigrationState.RUNNING;
import static io.sluice.vfio.vfio.MigrationState.RUNNING_P2P;
import static io.sluice.vfio.vfio.MigrationState.STOP;
import static io.sluice.vfio.vfio.MigrationState.STOP_COPY;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import java.util.Arrays;

/// The table of the kernel's migration protocol, version 2: from where a device is to where it is wanted, one arc at a
/// time.
final class MigrationArcs {
    private static final MigrationState R = RUNNING;
    private static final MigrationState RP = RUNNING_P2P;
    private static final MigrationState P = PRE_COPY;
    private static final MigrationState PP = PRE_COPY_P2P;
    private static final MigrationState C = STOP_COPY;
    private static final MigrationState RES = RESUMING;
    private static final MigrationState X = ERROR;

    /// The next state. Rows and columns in the order of [MigrationState]'s numbers.
    private static final MigrationState[][] NEXT = {
        // wanted: ERROR, STOP, RUNNING, STOP_COPY, RESUMING, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P
        {X, X, X, X, X, X, X, X}, // ERROR
        {X, STOP, RP, C, RES, RP, RP, RP}, // STOP
        {X, RP, R, RP, RP, RP, P, RP}, // RUNNING
        {X, STOP, STOP, C, STOP, STOP, X, X}, // STOP_COPY
        {X, STOP, STOP, STOP, RES, STOP, STOP, STOP}, // RESUMING
        {X, STOP, R, STOP, STOP, RP, R, PP}, // RUNNING_P2P
        {X, R, R, PP, R, R, P, PP}, // PRE_COPY
        {X, RP, RP, C, RP, RP, P, PP}, // PRE_COPY_P2P
    };

    private MigrationArcs() {}

    /// Whether a device with these flags has the state.
    static boolean has(int flags, MigrationState state) {
        int needed = switch (state) {
            case ERROR -> 0;
            case STOP, RUNNING, STOP_COPY, RESUMING -> MigrationOps.STOP_COPY;
            case RUNNING_P2P -> MigrationOps.STOP_COPY | MigrationOps.P2P;
            case PRE_COPY -> MigrationOps.STOP_COPY | MigrationOps.PRE_COPY;
            case PRE_COPY_P2P -> MigrationOps.STOP_COPY | MigrationOps.P2P | MigrationOps.PRE_COPY;
        };
        return (flags & needed) == needed;
    }

    /// The state after the next arc. States that the device has not are passed through.
    ///
    /// @throws HostException EINVAL if there is no way, or no such state for this device
    static MigrationState next(int flags, MigrationState from, MigrationState wanted) {
        if (wanted == ERROR || !has(flags, wanted) || !has(flags, from)) {
            throw new HostException(Errno.EINVAL, "the device cannot be brought to " + wanted);
        }
        var next = NEXT[from.ordinal()][wanted.ordinal()];
        while (!has(flags, next)) {
            next = NEXT[next.ordinal()][wanted.ordinal()];
        }
        if (next == ERROR) {
            throw new HostException(Errno.EINVAL, "no way from " + from + " to " + wanted);
        }
        return next;
    }

    /// Whether an arc gives the user a new data file.
    static boolean opensSession(MigrationState from, MigrationState to) {
        return to.isSaving() && !from.isSaving() || to == RESUMING && from != RESUMING;
    }

    /// Whether the user has a data file when the whole way has been gone.
    static boolean endsInSession(int flags, MigrationState from, MigrationState wanted) {
        boolean open = false;
        var at = from;
        while (at != wanted) {
            var next = next(flags, at, wanted);
            if (opensSession(at, next)) {
                open = true;
            } else if (!(at.isSaving() && next.isSaving())) {
                open = false;
            }
            at = next;
        }
        return open;
    }

    /// For tests: the rows of the table.
    static MigrationState[][] table() {
        return Arrays.stream(NEXT).map(MigrationState[]::clone).toArray(MigrationState[][]::new);
    }
}
