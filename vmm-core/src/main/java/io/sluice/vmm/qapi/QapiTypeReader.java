package io.sluice.vmm.qapi;

import java.lang.reflect.AnnotatedType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Reads types of the wire off Java types.
final class QapiTypeReader {
    private static final Map<Type, QapiType> KNOWN = new ConcurrentHashMap<>();

    private QapiTypeReader() {}

    static QapiType read(Type type) {
        var known = KNOWN.get(type);
        if (known == null) {
            known = make(type);
            KNOWN.put(type, known);
        }
        return known;
    }

    private static QapiType make(Type type) {
        if (type instanceof ParameterizedType generic) {
            if (generic.getRawType() == List.class) {
                return new QapiType.Array(read(generic.getActualTypeArguments()[0]));
            }
            if (generic.getRawType() == Map.class) {
                return QapiType.Builtin.ANY;
            }
        }
        if (type instanceof Class<?> c) {
            if (c.isRecord()) {
                return structure(c);
            }
            if (c.isEnum() && QapiEnum.class.isAssignableFrom(c)) {
                return new QapiType.Enumeration(c, constants(c));
            }
            return builtin(c);
        }
        throw new IllegalStateException("no type of the wire for " + type);
    }

    private static QapiType builtin(Class<?> c) {
        if (c == String.class) {
            return QapiType.Builtin.STR;
        }
        if (c == long.class || c == Long.class || c == int.class || c == Integer.class) {
            return QapiType.Builtin.INT;
        }
        if (c == boolean.class || c == Boolean.class) {
            return QapiType.Builtin.BOOL;
        }
        if (c == double.class || c == Double.class) {
            return QapiType.Builtin.NUMBER;
        }
        if (c == Object.class) {
            return QapiType.Builtin.ANY;
        }
        throw new IllegalStateException("no type of the wire for " + c);
    }

    private static List<String> constants(Class<?> c) {
        return Arrays.stream(c.getEnumConstants())
                .map(constant -> ((QapiEnum) constant).text())
                .toList();
    }

    private static QapiType structure(Class<?> c) {
        var fields = new ArrayList<QapiType.Field>();
        boolean open = false;
        for (var component : c.getRecordComponents()) {
            if (component.isAnnotationPresent(Others.class)) {
                open = true;
            } else {
                fields.add(field(component));
            }
        }
        return new QapiType.Structure(c, List.copyOf(fields), open);
    }

    private static QapiType.Field field(RecordComponent component) {
        var member = component.getAnnotation(Member.class);
        return new QapiType.Field(
                name(component, member),
                isOptional(component.getAnnotatedType()),
                member == null ? "" : member.value(),
                component);
    }

    private static boolean isOptional(AnnotatedType type) {
        return type.isAnnotationPresent(Nullable.class);
    }

    private static String name(RecordComponent component, @Nullable Member member) {
        if (member != null && !member.name().isEmpty()) {
            return member.name();
        }
        var text = new StringBuilder();
        for (char c : component.getName().toCharArray()) {
            if (Character.isUpperCase(c)) {
                text.append('-').append(Character.toLowerCase(c));
            } else {
                text.append(c);
            }
        }
        return text.toString();
    }
}
