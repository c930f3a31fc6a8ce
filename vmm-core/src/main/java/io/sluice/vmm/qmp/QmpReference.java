package io.sluice.vmm.qmp;

import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.CommandTable;
import io.sluice.vmm.qapi.EventType;
import io.sluice.vmm.qapi.QapiEnum;
import io.sluice.vmm.qapi.QapiType;
import io.sluice.vmm.qapi.RunState;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// Writes the reference of commands and events, in Markdown, from the table itself.
public final class QmpReference {
    private final StringBuilder text = new StringBuilder();
    private final Map<String, QapiType> types = new TreeMap<>();
    private final ArrayDeque<QapiType> unseen = new ArrayDeque<>();
    private final Set<QapiType> seen = new HashSet<>();

    private QmpReference() {}

    /// The reference of a table and of the protocol's own commands.
    public static String markdown(CommandTable table) {
        var reference = new QmpReference();
        var complete = Protocol.complete(table, new NoConnections());
        reference.commands(complete);
        reference.events(complete);
        reference.types();
        return reference.text.toString();
    }

    private record NoConnections() implements Protocol.Connections {
        @Override
        public List<Protocol.Yankable> yankable() {
            return List.of();
        }

        @Override
        public void yank(List<Protocol.Yankable> which) {
            throw new IllegalStateException("nothing is connected");
        }
    }

    private void commands(CommandTable table) {
        text.append("## Commands\n");
        for (var command : table.commands()) {
            text.append("\n### ").append(command.name()).append("\n\n");
            text.append(command.documentation()).append('\n');
            members(QapiType.of(command.arguments()), "Arguments");
            returns(command);
            states(command);
            if (command.outOfBand()) {
                text.append("\nMay be executed out of band.\n");
            }
        }
    }

    private void returns(Command<?, ?> command) {
        if (command.returns() != Command.Nothing.class) {
            text.append("\nReturns ")
                    .append(name(QapiType.of(command.returns())))
                    .append(".\n");
        }
    }

    private void states(Command<?, ?> command) {
        if (command.states().size() < RunState.values().length) {
            var states = command.states().stream()
                    .sorted()
                    .map(QapiEnum::text)
                    .collect(Collectors.joining("`, `", "`", "`"));
            text.append("\nOnly in the states ").append(states).append(".\n");
        }
    }

    private void events(CommandTable table) {
        if (table.events().isEmpty()) {
            return;
        }
        text.append("\n## Events\n");
        for (EventType<?> event : table.events()) {
            text.append("\n### ").append(event.name()).append("\n\n");
            text.append(event.documentation()).append('\n');
            members(QapiType.of(event.data()), "Data");
            if (event.limit() != null) {
                text.append("\nAt most one a second; of more, the last is sent, at the end of the second.\n");
            }
        }
    }

    private void types() {
        var sections = new TreeMap<String, String>();
        while (!unseen.isEmpty()) {
            var type = unseen.poll();
            int mark = text.length();
            describe(type);
            sections.put(simpleName(type), text.substring(mark));
            text.setLength(mark);
        }
        if (!sections.isEmpty()) {
            text.append("\n## Types\n");
            sections.forEach((name, section) ->
                    text.append("\n### ").append(name).append('\n').append(section));
        }
    }

    private void describe(QapiType type) {
        switch (type) {
            case QapiType.Enumeration enumeration ->
                text.append("\nOne of ")
                        .append(String.join(
                                ", ",
                                enumeration.constants().stream()
                                        .map(constant -> "`" + constant + "`")
                                        .toList()))
                        .append(".\n");
            case QapiType.Structure structure -> members(structure, "Members");
            case QapiType.Choice choice -> cases(choice);
            case QapiType.Builtin builtin -> throw new IllegalStateException("needs no description: " + builtin);
            case QapiType.Array array -> throw new IllegalStateException("needs no description: " + array);
        }
    }

    private void cases(QapiType.Choice choice) {
        text.append("\nThe member `").append(choice.tag()).append("` says which members are there.\n");
        choice.cases().forEach((value, structure) -> members(structure, "`" + value + "`"));
    }

    private void members(QapiType type, String title) {
        if (!(type instanceof QapiType.Structure structure)
                || (structure.fields().isEmpty() && !structure.open())) {
            return;
        }
        text.append('\n').append(title).append(":\n\n");
        for (var field : structure.fields()) {
            text.append("- `").append(field.name()).append("` (").append(name(field.type()));
            text.append(field.optional() ? ", optional)" : ")");
            text.append(field.documentation().isEmpty() ? "" : ": " + field.documentation())
                    .append('\n');
        }
        if (structure.open()) {
            text.append("- any others\n");
        }
    }

    private String name(QapiType type) {
        return switch (type) {
            case QapiType.Builtin builtin -> builtin.text();
            case QapiType.Array array -> "list of " + name(array.element());
            case QapiType.Enumeration enumeration -> link(enumeration);
            case QapiType.Structure structure -> link(structure);
            case QapiType.Choice choice -> link(choice);
        };
    }

    private String link(QapiType type) {
        var name = simpleName(type);
        var other = types.putIfAbsent(name, type);
        if (other != null && !other.equals(type)) {
            throw new IllegalStateException("two types are called " + name);
        }
        if (seen.add(type)) {
            unseen.add(type);
        }
        return "[" + name + "](#" + name.toLowerCase(Locale.ROOT) + ")";
    }

    /// The class's own name; for one that stands in another, both.
    private static String simpleName(QapiType type) {
        var c = switch (type) {
            case QapiType.Enumeration enumeration -> enumeration.javaClass();
            case QapiType.Structure structure -> structure.javaClass();
            case QapiType.Choice choice -> choice.javaClass();
            case QapiType.Builtin builtin -> throw new IllegalStateException("has its own name: " + builtin);
            case QapiType.Array array -> throw new IllegalStateException("has no name: " + array);
        };
        var outer = c.getEnclosingClass();
        return outer == null || outer.isRecord() || outer.isInterface()
                ? (outer == null ? "" : outer.getSimpleName()) + c.getSimpleName()
                : c.getSimpleName();
    }
}
