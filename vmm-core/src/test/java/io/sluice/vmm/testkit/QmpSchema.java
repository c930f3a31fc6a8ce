package io.sluice.vmm.testkit;

import io.vertx.core.json.JsonArray;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// What a machine says of its own commands and events, read off the JSON of `query-qmp-schema` and nothing else; and
/// whether a value is what the schema promises.
public final class QmpSchema {
    private static final String OPEN = "x-sluice-open";

    private static final Map<String, Predicate<@Nullable Object>> JSON_TYPES = Map.of(
            "string", value -> value instanceof String,
            "int", value -> value instanceof Integer || value instanceof Long,
            "number", value -> value instanceof Number,
            "boolean", value -> value instanceof Boolean,
            "null", value -> value == null,
            "object", value -> value instanceof Map,
            "array", value -> value instanceof List,
            "value", value -> true);

    private final Map<String, Map<?, ?>> entries = new LinkedHashMap<>();

    /// @param json the value that `query-qmp-schema` returned
    public QmpSchema(String json) {
        for (var entry : new JsonArray(json).getList()) {
            var info = (Map<?, ?>) entry;
            if (entries.put(text(info, "name"), info) != null) {
                throw new IllegalArgumentException("two entries are called " + info.get("name"));
            }
        }
    }

    /// A member of an object.
    public record Member(String name, String type, boolean optional) {}

    /// Names of all entries of one kind.
    public List<String> names(String metaType) {
        return entries.values().stream()
                .filter(e -> metaType.equals(e.get("meta-type")))
                .map(e -> text(e, "name"))
                .toList();
    }

    /// The kind of an entry: `builtin`, `enum`, `array`, `object`, `alternate`, `command`, `event`.
    public String metaType(String name) {
        return text(entry(name), "meta-type");
    }

    /// `arg-type`, `ret-type`, `element-type` or `json-type` of an entry.
    public String type(String name, String which) {
        return text(entry(name), which);
    }

    public List<Member> members(String object) {
        var members = new ArrayList<Member>();
        for (var each : list(entry(object), "members")) {
            members.add(new Member(text(each, "name"), text(each, "type"), each.containsKey("default")));
        }
        return members;
    }

    public List<String> constants(String enumeration) {
        return list(entry(enumeration), "members").stream()
                .map(m -> text(m, "name"))
                .toList();
    }

    /// The types that an alternate can be.
    public List<String> alternatives(String alternate) {
        return list(entry(alternate), "members").stream()
                .map(m -> text(m, "type"))
                .toList();
    }

    /// Null if the object is no union.
    public @Nullable String tag(String object) {
        return (String) entry(object).get("tag");
    }

    /// Types of what is added, by the value of the tag.
    public Map<String, String> variants(String object) {
        var variants = new LinkedHashMap<String, String>();
        list(entry(object), "variants").forEach(v -> variants.put(text(v, "case"), text(v, "type")));
        return variants;
    }

    /// Whether an object takes members that are not listed.
    public boolean isOpen(String object) {
        return entry(object).get("features") instanceof List<?> features && features.contains(OPEN);
    }

    // ---- values

    /// What is wrong with a value that should be of `type`; nothing if it is as promised.
    public List<String> problems(String type, @Nullable Object value, String path) {
        var found = new ArrayList<String>();
        check(type, value, path, found);
        return found;
    }

    private void check(String type, @Nullable Object value, String path, List<String> found) {
        switch (metaType(type)) {
            case "builtin" -> {
                var json = type(type, "json-type");
                if (!jsonType(json).test(value)) {
                    found.add(path + ": " + value + " is no " + json);
                }
            }
            case "enum" -> {
                if (!(value instanceof String text) || !constants(type).contains(text)) {
                    found.add(path + ": " + value + " is not among " + constants(type));
                }
            }
            case "array" -> array(type, value, path, found);
            case "object" -> object(type, value, path, found);
            case "alternate" -> {
                if (alternatives(type).stream()
                        .noneMatch(t -> problems(t, value, path).isEmpty())) {
                    found.add(path + ": " + value + " is none of the alternatives");
                }
            }
            default -> throw new IllegalArgumentException(type + " is no type");
        }
    }

    private static Predicate<@Nullable Object> jsonType(String name) {
        var known = JSON_TYPES.get(name);
        if (known == null) {
            throw new IllegalArgumentException("there is no json-type " + name);
        }
        return known;
    }

    private void array(String type, @Nullable Object value, String path, List<String> found) {
        if (!(value instanceof List<?> list)) {
            found.add(path + ": " + value + " is no array");
            return;
        }
        var element = type(type, "element-type");
        for (int i = 0; i < list.size(); i++) {
            check(element, list.get(i), path + "[" + i + "]", found);
        }
    }

    private void object(String type, @Nullable Object value, String path, List<String> found) {
        if (!(value instanceof Map<?, ?> map)) {
            found.add(path + ": " + value + " is no object");
            return;
        }
        var rest = new LinkedHashMap<Object, Object>(map);
        members(type, map, rest, path, found);
        var tag = tag(type);
        var variant = tag == null ? null : variants(type).get(String.valueOf(map.get(tag)));
        if (variant != null) {
            members(variant, map, rest, path, found);
        }
        if (!isOpen(type)) {
            rest.keySet().forEach(name -> found.add(path + "." + name + ": the schema has no such member"));
        }
    }

    private void members(String type, Map<?, ?> map, Map<?, ?> rest, String path, List<String> found) {
        for (var member : members(type)) {
            rest.remove(member.name);
            if (map.containsKey(member.name)) {
                check(member.type, map.get(member.name), path + "." + member.name, found);
            } else if (!member.optional) {
                found.add(path + "." + member.name + ": is missing");
            }
        }
    }

    // ---- entries

    private Map<?, ?> entry(String name) {
        var entry = entries.get(name);
        if (entry == null) {
            throw new IllegalArgumentException("the schema has no entry " + name);
        }
        return entry;
    }

    private static List<Map<?, ?>> list(Map<?, ?> entry, String key) {
        var list = new ArrayList<Map<?, ?>>();
        if (entry.get(key) instanceof List<?> values) {
            values.forEach(value -> list.add((Map<?, ?>) value));
        }
        return list;
    }

    private static String text(Map<?, ?> entry, String key) {
        if (!(entry.get(key) instanceof String text)) {
            throw new IllegalArgumentException("an entry of the schema lacks " + key + ": " + entry);
        }
        return text;
    }
}
