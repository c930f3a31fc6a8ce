package io.sluice.vmm.qapi;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Every command and event of one machine. Immutable.
public final class CommandTable {
    private final Map<String, Command<?, ?>> commands = new TreeMap<>();
    private final Map<String, EventType<?>> events = new TreeMap<>();

    /// @throws IllegalStateException if two have one name, or a type has no form on the wire
    public CommandTable(Collection<? extends Command<?, ?>> commands, Collection<? extends EventType<?>> events) {
        for (var command : commands) {
            QapiType.of(command.arguments());
            QapiType.of(command.returns());
            if (this.commands.put(command.name(), command) != null) {
                throw new IllegalStateException("two commands are called " + command.name());
            }
        }
        for (var event : events) {
            QapiType.of(event.data());
            if (this.events.put(event.name(), event) != null) {
                throw new IllegalStateException("two events are called " + event.name());
            }
        }
    }

    /// Null if there is none of this name.
    public @Nullable Command<?, ?> command(String name) {
        return commands.get(name);
    }

    /// By name.
    public List<Command<?, ?>> commands() {
        return List.copyOf(commands.values());
    }

    /// By name.
    public List<EventType<?>> events() {
        return List.copyOf(events.values());
    }
}
