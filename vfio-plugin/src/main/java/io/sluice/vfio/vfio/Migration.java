package io.sluice.vfio.vfio;

import static io.sluice.vfio.vfio.MigrationState.ERROR;
import static io.sluice.vfio.vfio.MigrationState.RESUMING;
import static io.sluice.vfio.vfio.MigrationState.RUNNING;
import static io.sluice.vfio.vfio.MigrationState.STOP_COPY;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import org.jspecify.annotations.Nullable;

/// Where one device is in its migration, and the session that its user has. Inside the device's strand.
final class Migration {
    private final MigrationOps ops;
    private MigrationState state = RUNNING;
    private @Nullable MigrationSession session;
    private boolean precopyInfo2;

    Migration(MigrationOps ops) {
        this.ops = ops;
        if ((ops.flags() & MigrationOps.STOP_COPY) == 0) {
            throw new IllegalStateException("a device that migrates has STOP_COPY");
        }
    }

    int flags() {
        return ops.flags();
    }

    MigrationState state() {
        return state;
    }

    long stopCopyLength() {
        return ops.stopCopyLength();
    }

    /// The user wants to know when there is new data for PRE_COPY.
    void optIntoReinit() {
        if ((ops.flags() & MigrationOps.PRE_COPY) == 0) {
            throw new HostException(Errno.EINVAL, "the device has no PRE_COPY");
        }
        precopyInfo2 = true;
    }

    boolean hasReinit() {
        return precopyInfo2;
    }

    /// Whether going there would leave the user with a new data file.
    ///
    /// @throws HostException EINVAL if there is no way
    boolean opensSession(MigrationState wanted) {
        if (wanted == state) {
            MigrationArcs.next(ops.flags(), state, wanted);
        }
        return MigrationArcs.endsInSession(ops.flags(), state, wanted);
    }

    /// Goes there, arc by arc, and stops at the first that fails.
    ///
    /// @param opened becomes the session, if the way ends in a new one
    /// @throws HostException why an arc failed; the state is the one before it, or ERROR
    void go(MigrationState wanted, @Nullable MigrationSession opened) {
        while (state != wanted) {
            var next = MigrationArcs.next(ops.flags(), state, wanted);
            try {
                arc(next, opened);
            } catch (HostException failed) {
                if (ops.isBroken()) {
                    end();
                    state = ERROR;
                }
                throw failed;
            }
            state = next;
        }
    }

    private void arc(MigrationState next, @Nullable MigrationSession opened) {
        if (state == RESUMING) {
            finishLoading();
        }
        ops.arc(state, next);
        if (!MigrationArcs.opensSession(state, next)) {
            if (state.isSaving() && next == STOP_COPY && session != null) {
                session.append(ops.stopCopy(true));
            } else if (!(state.isSaving() && next.isSaving())) {
                end();
            }
            return;
        }
        end();
        // A way through a session, not into one: nobody has a file for it.
        var fresh = opened == null ? new MigrationSession() : opened;
        if (next == RESUMING) {
            fresh.startLoading(ops.loader());
        } else if (next == STOP_COPY) {
            fresh.startSaving(ops.stopCopy(false), true);
        } else {
            fresh.startSaving(ops.preCopy(), false);
        }
        session = fresh;
    }

    private void finishLoading() {
        if (session != null) {
            session.finishLoading();
        }
    }

    private void end() {
        if (session != null) {
            session.end();
            session = null;
        }
    }

    /// The device was reset, or its user is gone: it runs, and every session ends.
    void reset() {
        end();
        state = RUNNING;
    }

    /// As [#reset]; what the user opted into is forgotten.
    void release() {
        reset();
        precopyInfo2 = false;
    }
}
