package io.sluice.vmm.machine;

import static java.util.stream.Collectors.toCollection;

import io.sluice.vmm.qapi.RunState;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/// The life of a machine as a state and the moves that are legal from it. Any thread; a move happens wholly or not.
final class Lifecycle {
    /// The states, and what QEMU calls each.
    enum State {
        /// Built or reset; nothing has run since.
        PRELAUNCH(RunState.PRELAUNCH),
        RUNNING(RunState.RUNNING),
        PAUSED(RunState.PAUSED),
        /// Stopped by a debugger.
        DEBUG(RunState.DEBUG),
        /// The guest's kernel has panicked, and somebody wants to look.
        PANICKED(RunState.GUEST_PANICKED),
        /// We have failed, and somebody wants to look.
        FAILED(RunState.INTERNAL_ERROR),
        /// The guest has switched itself off, and somebody wants to look.
        SHUTDOWN(RunState.SHUTDOWN),
        /// Only closing is left.
        ENDED(RunState.SHUTDOWN),
        CLOSED(RunState.SHUTDOWN);

        private final RunState runState;

        State(RunState runState) {
            this.runState = runState;
        }

        RunState runState() {
            return runState;
        }

        /// Whether only a reset, not [Machine#resume], leads on.
        boolean needsReset() {
            return this == FAILED || this == SHUTDOWN;
        }
    }

    /// What the guest did just before it was stopped may be known only afterwards; so a stopped machine can still move
    /// to
    /// `SHUTDOWN` and `PANICKED`.
    private static final Map<State, Set<State>> MOVES = new EnumMap<>(Map.of(
            State.PRELAUNCH, EnumSet.of(State.RUNNING, State.DEBUG, State.ENDED),
            State.RUNNING,
                    EnumSet.of(State.PAUSED, State.DEBUG, State.PANICKED, State.FAILED, State.SHUTDOWN, State.ENDED),
            State.PAUSED,
                    EnumSet.of(
                            State.PRELAUNCH, State.RUNNING, State.PANICKED, State.FAILED, State.SHUTDOWN, State.ENDED),
            State.DEBUG,
                    EnumSet.of(
                            State.PRELAUNCH, State.RUNNING, State.PANICKED, State.FAILED, State.SHUTDOWN, State.ENDED),
            State.PANICKED, EnumSet.of(State.PRELAUNCH, State.RUNNING, State.FAILED, State.ENDED),
            State.FAILED, EnumSet.of(State.PRELAUNCH, State.ENDED),
            State.SHUTDOWN, EnumSet.of(State.PRELAUNCH, State.FAILED, State.ENDED),
            State.ENDED, EnumSet.of(State.CLOSED),
            State.CLOSED, EnumSet.noneOf(State.class)));

    private State state = State.PRELAUNCH;

    synchronized State state() {
        return state;
    }

    /// Every state that a machine of ours can be in, as QEMU calls it.
    static Set<RunState> runStates() {
        return Stream.of(State.values())
                .map(State::runState)
                .collect(toCollection(() -> EnumSet.noneOf(RunState.class)));
    }

    static boolean isLegal(State from, State to) {
        return MOVES.getOrDefault(from, Set.of()).contains(to);
    }

    synchronized boolean canMove(State to) {
        return isLegal(state, to);
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
