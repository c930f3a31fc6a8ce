package io.sluice.vfio.invariants;

import io.sluice.vfio.host.Errno;
import java.util.Set;

/// What the model says of a call before it is made.
///
/// @param may whether it may succeed
/// @param must whether it has to
/// @param errnos by what it may be refused
record Verdict(boolean may, boolean must, Set<Errno> errnos) {
    static final Verdict YES = new Verdict(true, true, Set.of());

    static Verdict no(Errno... errnos) {
        return new Verdict(false, false, Set.of(errnos));
    }

    static Verdict maybe(Errno... errnos) {
        return new Verdict(true, false, Set.of(errnos));
    }
}
