package io.sluice.vmm.qapi;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// A kind of event: its name, its data, and whether it is rate limited.
///
/// @param data a record; [Command.Nothing] if there is none
/// @param limit null, or what events have in common of which only the last in a second is worth telling: the empty text
/// for all of the kind
public record EventType<D extends Record>(
        String name, Class<D> data, @Nullable Function<D, String> limit, String documentation) {

    public static <D extends Record> EventType<D> of(String name, Class<D> data, String documentation) {
        return new EventType<>(name, data, null, documentation);
    }

    /// The same kind with at most one event a second for each value of `key`; of more the last is told, late.
    public EventType<D> limitedBy(Function<D, String> key) {
        return new EventType<>(name, data, key, documentation);
    }

    /// One event of this kind.
    public Event<D> with(D data) {
        return new Event<>(this, data);
    }

    /// Something that has happened.
    public record Event<D extends Record>(EventType<D> type, D data) {}

    /// Who is told of events.
    @FunctionalInterface
    public interface Sink {
        /// Any thread; never blocks.
        void emit(Event<?> event);
    }
}
