package io.sluice.vmm.qmp;

import io.sluice.vmm.qapi.CommandTable;
import io.sluice.vmm.qapi.QapiType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Makes the answer of `query-qmp-schema` of a command table.
final class Schema {
    private final Map<Object, String> names = new HashMap<>();
    private final List<SchemaInfo> entries = new ArrayList<>();

    private Schema() {}

    static List<SchemaInfo> of(CommandTable table) {
        var schema = new Schema();
        for (var command : table.commands()) {
            schema.entries.add(new SchemaInfo.Command(
                    command.name(),
                    schema.name(QapiType.of(command.arguments())),
                    schema.name(QapiType.of(command.returns())),
                    command.outOfBand(),
                    null));
        }
        for (var event : table.events()) {
            schema.entries.add(new SchemaInfo.Event(event.name(), schema.name(QapiType.of(event.data()))));
        }
        return List.copyOf(schema.entries);
    }

    /// Adds the entry of a type if it is new; a type is named before its members are looked at, for it may hold itself.
    private String name(QapiType type) {
        return switch (type) {
            case QapiType.Builtin builtin -> builtin(builtin);
            case QapiType.Array array -> array(array);
            case QapiType.Enumeration enumeration -> enumeration(enumeration.javaClass(), enumeration);
            case QapiType.Structure structure -> structure(structure);
            case QapiType.Choice choice -> choice(choice);
        };
    }

    private String builtin(QapiType.Builtin type) {
        if (!names.containsKey(type)) {
            names.put(type, type.text());
            var json = SchemaInfo.JsonType.valueOf(type.jsonType().toUpperCase(Locale.ROOT));
            entries.add(new SchemaInfo.Builtin(type.text(), json));
        }
        return type.text();
    }

    private String array(QapiType.Array type) {
        var element = name(type.element());
        var name = "[" + element + "]";
        if (names.put(name, name) == null) {
            entries.add(new SchemaInfo.Array(name, element));
        }
        return name;
    }

    private String enumeration(Object key, QapiType.Enumeration type) {
        var known = names.get(key);
        if (known != null) {
            return known;
        }
        var name = number(key);
        var members = type.constants().stream().map(SchemaInfo.EnumMember::new).toList();
        entries.add(new SchemaInfo.Enumeration(name, members, type.constants()));
        return name;
    }

    private String structure(QapiType.Structure type) {
        var key = type.fields().isEmpty() && !type.open() ? List.of() : type.javaClass();
        var known = names.get(key);
        if (known != null) {
            return known;
        }
        var name = number(key);
        int place = entries.size();
        var features = type.open() ? List.of("x-sluice-open") : null;
        entries.add(place, new SchemaInfo.Structure(name, List.of(), null, null, features));
        entries.set(place, new SchemaInfo.Structure(name, members(type), null, null, features));
        return name;
    }

    private List<SchemaInfo.ObjectMember> members(QapiType.Structure type) {
        return type.fields().stream()
                .map(field -> new SchemaInfo.ObjectMember(
                        field.name(), name(field.type()), field.optional() ? Json.NULL : null))
                .toList();
    }

    private String choice(QapiType.Choice type) {
        var known = names.get(type.javaClass());
        if (known != null) {
            return known;
        }
        var name = number(type.javaClass());
        int place = entries.size();
        entries.add(place, new SchemaInfo.Structure(name, List.of(), null, null, null));
        var tag = new SchemaInfo.ObjectMember(type.tag(), enumeration(type.tags(), type.tags()), null);
        var variants = type.cases().entrySet().stream()
                .map(entry -> new SchemaInfo.Variant(entry.getKey(), structure(entry.getValue())))
                .toList();
        entries.set(place, new SchemaInfo.Structure(name, List.of(tag), type.tag(), variants, null));
        return name;
    }

    private String number(Object key) {
        var name = Integer.toString(names.size());
        names.put(key, name);
        return name;
    }
}
