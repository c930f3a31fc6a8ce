package io.sluice.vmm.qapi;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Makes typed values of what came over the wire: maps, lists, String, Long, Double, Boolean. Refuses with QEMU's
/// words, naming the member by its path (`a.b[0].c`).
public final class QapiDecoder {
    private QapiDecoder() {}

    /// The arguments of a command.
    ///
    /// @throws QmpException if they do not fit
    public static <A extends Record> A arguments(Class<A> type, Map<String, ?> given) {
        return type.cast(structure(QapiType.ofRecord(type), given, "", null));
    }

    private static Object structure(QapiType.Structure type, Map<String, ?> given, String path, @Nullable String tag) {
        var fields = type.fields();
        var others = type.others();
        var values = new @Nullable Object[fields.size() + (others == null ? 0 : 1)];
        int taken = tag == null ? 0 : 1;
        for (var field : fields) {
            boolean isGiven = given.containsKey(field.name());
            taken += isGiven ? 1 : 0;
            values[field.index()] = member(field, given.get(field.name()), isGiven, path);
        }
        if (others != null) {
            values[others.index()] = rest(type, given, tag);
        } else if (taken != given.size()) {
            var first = rest(type, given, tag).keySet().iterator().next();
            throw new QmpException("Parameter '" + name(path, first) + "' is unexpected");
        }
        return RecordHandles.make(type.constructor(), values);
    }

    /// What was given and is not listed.
    private static Map<String, Object> rest(QapiType.Structure type, Map<String, ?> given, @Nullable String tag) {
        var rest = new LinkedHashMap<String, Object>(given);
        for (var field : type.fields()) {
            rest.remove(field.name());
        }
        if (tag != null) {
            rest.remove(tag);
        }
        return rest;
    }

    private static Object choice(QapiType.Choice type, Map<String, ?> given, String path) {
        var name = name(path, type.tag());
        if (!given.containsKey(type.tag())) {
            throw new QmpException("Parameter '" + name + "' is missing");
        }
        var value = given.get(type.tag());
        var text = require(value instanceof String, value, name, "string");
        var chosen = type.cases().get(text);
        if (chosen == null) {
            throw notAccepted(name, text);
        }
        return structure(chosen, given, path, type.tag());
    }

    private static @Nullable Object member(QapiType.Field field, @Nullable Object value, boolean given, String path) {
        var name = name(path, field.name());
        if (!given) {
            if (field.optional()) {
                return null;
            }
            throw new QmpException("Parameter '" + name + "' is missing");
        }
        return value(field.type(), field.component().getType(), value, name);
    }

    private static @Nullable Object value(QapiType type, Class<?> javaType, @Nullable Object value, String name) {
        return switch (type) {
            case QapiType.Builtin builtin -> builtin(builtin, javaType, value, name);
            case QapiType.Enumeration enumeration -> constant(enumeration, value, name);
            case QapiType.Array array -> list(array, value, name);
            case QapiType.Structure structure -> structure(structure, object(value, name), name, null);
            case QapiType.Choice choice -> choice(choice, object(value, name), name);
        };
    }

    private static @Nullable Object builtin(
            QapiType.Builtin type, Class<?> javaType, @Nullable Object value, String name) {
        return switch (type) {
            case STR -> require(value instanceof String, value, name, "string");
            case BOOL -> require(value instanceof Boolean, value, name, "boolean");
            case NUMBER -> ((Number) require(value instanceof Number, value, name, "number")).doubleValue();
            case INT -> integer(javaType, (Long) require(value instanceof Long, value, name, "integer"), name);
            case ANY -> value;
        };
    }

    private static Object integer(Class<?> javaType, long value, String name) {
        if (javaType == long.class || javaType == Long.class) {
            return value;
        }
        if (value != (int) value) {
            throw new QmpException("Parameter '" + name + "' expects int32");
        }
        return (int) value;
    }

    private static Object constant(QapiType.Enumeration type, @Nullable Object value, String name) {
        var text = require(value instanceof String, value, name, "string");
        int index = type.constants().indexOf(text);
        if (index < 0) {
            throw notAccepted(name, text);
        }
        return type.javaClass().getEnumConstants()[index];
    }

    /// The one refusal in which QEMU names the member alone, not its path.
    private static QmpException notAccepted(String name, @Nullable Object value) {
        var member = name.substring(name.lastIndexOf('.') + 1);
        return new QmpException("Parameter '" + member + "' does not accept value '" + value + "'");
    }

    private static Object list(QapiType.Array type, @Nullable Object value, String name) {
        var given = (List<?>) require(value instanceof List, value, name, "array");
        var list = new ArrayList<@Nullable Object>(given.size());
        for (int i = 0; i < given.size(); i++) {
            list.add(value(type.element(), Long.class, given.get(i), name + "[" + i + "]"));
        }
        return list;
    }

    @SuppressWarnings("unchecked") // The keys of a JSON object are strings.
    private static Map<String, ?> object(@Nullable Object value, String name) {
        return (Map<String, ?>) require(value instanceof Map, value, name, "object");
    }

    private static Object require(boolean fits, @Nullable Object value, String name, String expected) {
        if (!fits || value == null) {
            throw new QmpException("Invalid parameter type for '" + name + "', expected: " + expected);
        }
        return value;
    }

    private static String name(String path, String member) {
        return path.isEmpty() ? member : path + "." + member;
    }
}
