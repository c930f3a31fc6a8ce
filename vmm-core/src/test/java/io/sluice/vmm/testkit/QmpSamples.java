package io.sluice.vmm.testkit;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Values made up from a schema alone: such as a type must take, and such as it must refuse.
public final class QmpSamples {
    private static final List<Object> EVERYTHING =
            List.of("text", 5L, 1.5, true, List.of(), List.of("text"), Map.of(), Map.of("no-such-member", 1L));
    private static final String UNKNOWN = "no-such-member";

    private final QmpSchema schema;

    public QmpSamples(QmpSchema schema) {
        this.schema = schema;
    }

    /// Whether a type takes every value there is.
    public static boolean isAny(QmpSchema schema, String type) {
        return schema.metaType(type).equals("builtin")
                && schema.type(type, "json-type").equals("value");
    }

    /// Values of a type: the plainest first, then each part of it at a time in each of its forms.
    public List<Object> fitting(String type) {
        return switch (schema.metaType(type)) {
            case "builtin" -> builtin(schema.type(type, "json-type"));
            case "enum" -> List.copyOf(schema.constants(type));
            case "array" -> arrays(fitting(schema.type(type, "element-type")));
            case "object" -> List.copyOf(objects(type));
            case "alternate" ->
                schema.alternatives(type).stream()
                        .flatMap(t -> fitting(t).stream())
                        .toList();
            default -> throw new IllegalArgumentException(type + " is no type");
        };
    }

    private static List<Object> builtin(String jsonType) {
        return switch (jsonType) {
            case "string" -> List.of("text", "");
            case "int" -> List.of(1L, 0L, -1L, Long.MAX_VALUE, Long.MIN_VALUE);
            case "number" -> List.of(1L, 1.5, -2.0);
            case "boolean" -> List.of(true, false);
            case "object" -> List.of(Map.of());
            case "array" -> List.of(List.of());
            case "null" -> List.of();
            case "value" -> EVERYTHING;
            default -> throw new IllegalArgumentException("no sample of " + jsonType);
        };
    }

    private static List<Object> arrays(List<Object> elements) {
        var arrays = new ArrayList<Object>();
        arrays.add(List.of());
        elements.forEach(element -> arrays.add(List.of(element)));
        arrays.add(List.of(elements.getFirst(), elements.getLast()));
        return arrays;
    }

    /// Objects of a type: with what it must have, then with each member in each form, then with all members.
    public List<Map<String, Object>> objects(String type) {
        var tag = schema.tag(type);
        if (tag == null) {
            return objects(schema.members(type), Map.of());
        }
        var all = new ArrayList<Map<String, Object>>();
        for (var variant : schema.variants(type).entrySet()) {
            var members = new ArrayList<>(schema.members(type));
            members.removeIf(member -> member.name().equals(tag));
            members.addAll(schema.members(variant.getValue()));
            all.addAll(objects(members, Map.of(tag, variant.getKey())));
        }
        return all;
    }

    private List<Map<String, Object>> objects(List<QmpSchema.Member> members, Map<String, Object> fixed) {
        var least = new LinkedHashMap<String, Object>(fixed);
        members.stream()
                .filter(m -> !m.optional())
                .forEach(m -> least.put(m.name(), fitting(m.type()).getFirst()));
        var most = new LinkedHashMap<String, Object>(least);
        var all = new ArrayList<Map<String, Object>>();
        all.add(least);
        for (var member : members) {
            for (var value : fitting(member.type())) {
                all.add(with(least, member.name(), value));
            }
            most.put(member.name(), fitting(member.type()).getLast());
        }
        all.add(most);
        return all;
    }

    /// Values that are not of a type, each for one reason.
    public List<Object> unfitting(String type) {
        return switch (schema.metaType(type)) {
            case "array" -> {
                var all = wrong(type);
                unfitting(schema.type(type, "element-type")).forEach(e -> all.add(List.of(e)));
                yield all;
            }
            case "object" -> {
                var all = wrong(type);
                all.removeIf(value -> value instanceof Map);
                all.addAll(unfittingObjects(type));
                yield all;
            }
            default -> wrong(type);
        };
    }

    private List<Object> wrong(String type) {
        var wrong = new ArrayList<Object>(EVERYTHING);
        wrong.removeIf(value -> schema.problems(type, value, "").isEmpty());
        return wrong;
    }

    /// Objects that are not of a type: one member is missing, unknown, or not of its type.
    public List<Map<String, Object>> unfittingObjects(String type) {
        var all = new ArrayList<Map<String, Object>>();
        var variants = schema.variants(type);
        for (var base : bases(type)) {
            var members = new ArrayList<>(schema.members(type));
            var tag = schema.tag(type);
            if (tag != null) {
                members.addAll(schema.members(variantOf(variants, base.get(tag))));
            }
            if (!schema.isOpen(type)) {
                all.add(with(base, UNKNOWN, 1L));
            }
            for (var member : members) {
                if (!member.optional()) {
                    all.add(with(base, member.name(), null));
                }
                unfitting(member.type()).forEach(value -> all.add(with(base, member.name(), value)));
            }
        }
        return all;
    }

    private static String variantOf(Map<String, String> variants, @Nullable Object tag) {
        var variant = variants.get(String.valueOf(tag));
        if (variant == null) {
            throw new IllegalArgumentException("there is no variant for " + tag);
        }
        return variant;
    }

    /// The plainest object of a type, or of each of its variants.
    private List<Map<String, Object>> bases(String type) {
        var tag = schema.tag(type);
        if (tag == null) {
            return List.of(objects(type).getFirst());
        }
        var first = new LinkedHashMap<Object, Map<String, Object>>();
        objects(type).forEach(object -> first.putIfAbsent(object.get(tag), object));
        return List.copyOf(first.values());
    }

    private static Map<String, Object> with(Map<String, Object> base, String name, @Nullable Object value) {
        var copy = new LinkedHashMap<String, Object>(base);
        if (value == null) {
            copy.remove(name);
        } else {
            copy.put(name, value);
        }
        return copy;
    }
}
