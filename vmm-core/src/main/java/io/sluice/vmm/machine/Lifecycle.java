package io.sluice.vmm.machine;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/// The life of a machine as a state and the moves that are legal from it. Any thread; a move happens wholly or not.
final class Lifecycle {
    /// The states, under QEMU's names for them where it has one.
    enum State {
        /// Built, nothing has run.
        PRELAUNCH,
        RUNNING,
        PAUSED,
        /// Between a reset's request and the new start; whether it goes on running is with who resets.
        RESETTING,
        /// The guest ended it, or somebody did; only closing is left.
        SHUTDOWN,
        CLOSED
    }

    private static final Map<State, Set<State>> MOVES = new EnumMap<>(Map.of(
            State.PRELAUNCH, EnumSet.of(State.RUNNING, State.PAUSED, State.SHUTDOWN),
            State.RUNNING, EnumSet.of(State.PAUSED, State.RESETTING, State.SHUTDOWN),
            State.PAUSED, EnumSet.of(State.RUNNING, State.RESETTING, State.SHUTDOWN),
            State.RESETTING, EnumSet.of(State.RUNNING, State.PAUSED, State.SHUTDOWN),
            State.SHUTDOWN, EnumSet.of(State.CLOSED),
            State.CLOSED, EnumSet.noneOf(State.class)));

    private State state = State.PRELAUNCH;

    synchronized State state() {
        return state;
    }

    static boolean isLegal(State from, State to) {
        return MOVES.getOrDefault(from, Set.of()).contains(to);
    }

    /// Moves if that is legal from where the machine is now.
    ///
    /// @return whether it moved
    synchronized boolean tryMove(State to) {
        if (!isLegal(state, to)) {
            return false;
        }
        state = to;
        return true;
    }
}
