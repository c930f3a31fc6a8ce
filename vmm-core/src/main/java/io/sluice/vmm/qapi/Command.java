package io.sluice.vmm.qapi;

import java.lang.reflect.Type;
import java.util.EnumSet;
import java.util.Set;

/// One command of the control socket: all that is to be known of it.
///
/// @param name on the wire
/// @param arguments a record; [Nothing] if there are none
/// @param returns a record, a list or another type that [QapiType#of] knows; [Nothing] for an empty object
/// @param states in which it is allowed
/// @param thread where it runs
/// @param outOfBand whether `exec-oob` may run it before its turn
/// @param documentation one or two sentences for the reference
public record Command<A extends Record, R>(
        String name,
        Class<A> arguments,
        Type returns,
        Set<RunState> states,
        Place thread,
        boolean outOfBand,
        String documentation,
        Handler<A, R> handler) {
    /// Where a command runs.
    public enum Place {
        /// On the thread that owns the machine, one at a time.
        OWNER,
        /// On the event loop of the socket: it only reads what any thread may read, and never waits.
        LOOP
    }

    /// What a command does.
    @FunctionalInterface
    public interface Handler<A extends Record, R> {
        /// @throws QmpException if it is refused; then nothing has changed
        R run(A arguments);
    }

    /// No members: an empty object.
    public record Nothing() {
        public static final Nothing INSTANCE = new Nothing();
    }

    public Command {
        states = Set.copyOf(states);
    }

    /// A command that runs on the machine's thread in every state.
    public static <A extends Record, R> Command<A, R> of(
            String name, Class<A> arguments, Type returns, String documentation, Handler<A, R> handler) {
        return new Command<>(
                name, arguments, returns, EnumSet.allOf(RunState.class), Place.OWNER, false, documentation, handler);
    }

    /// The same command, allowed only in these states.
    public Command<A, R> in(Set<RunState> states) {
        return new Command<>(name, arguments, returns, states, thread, outOfBand, documentation, handler);
    }

    /// The same command, run on the event loop.
    public Command<A, R> onLoop() {
        return new Command<>(name, arguments, returns, states, Place.LOOP, outOfBand, documentation, handler);
    }

    /// The same command, allowed out of band; it then runs on the event loop.
    public Command<A, R> allowOutOfBand() {
        return new Command<>(name, arguments, returns, states, Place.LOOP, true, documentation, handler);
    }
}
