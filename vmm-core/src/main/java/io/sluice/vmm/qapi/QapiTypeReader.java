package io.sluice.vmm.qapi;

import java.lang.reflect.AnnotatedType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Reads types of the wire off Java types.
final class QapiTypeReader {
    static final ClassValue<QapiType.Structure> RECORDS = new ClassValue<>() {
        @Override
        protected QapiType.Structure computeValue(Class<?> type) {
            return structure(type);
        }
    };

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
                var element = generic.getActualTypeArguments()[0];
                if (element == Integer.class) {
                    throw new IllegalStateException("lists of numbers are List<Long>");
                }
                return new QapiType.Array(read(element));
            }
            if (generic.getRawType() == Map.class) {
                return QapiType.Builtin.ANY;
            }
        }
        if (type instanceof Class<?> c) {
            if (c.isRecord()) {
                return RECORDS.get(c);
            }
            if (c.isAnnotationPresent(Union.class)) {
                return choice(c, c.getAnnotation(Union.class));
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

    private static QapiType choice(Class<?> c, Union union) {
        var cases = new LinkedHashMap<String, QapiType.Structure>();
        for (var permitted : c.getPermittedSubclasses()) {
            var structure = RECORDS.get(permitted);
            if (structure.choice() == null) {
                throw new IllegalStateException(permitted + " does not say which case of its union it is");
            }
            cases.put(structure.choice().value(), structure);
        }
        return new QapiType.Choice(c, union.tag(), Collections.unmodifiableMap(cases));
    }

    private static QapiType.Structure structure(Class<?> c) {
        if (!c.isRecord()) {
            throw new IllegalStateException(c + " is no record");
        }
        var fields = new ArrayList<QapiType.Field>();
        QapiType.Field others = null;
        var components = c.getRecordComponents();
        for (int i = 0; i < components.length; i++) {
            if (components[i].isAnnotationPresent(Others.class)) {
                others = field(components[i], i);
            } else {
                fields.add(field(components[i], i));
            }
        }
        return new QapiType.Structure(c, List.copyOf(fields), others, tagged(c), RecordHandles.constructor(c));
    }

    private static QapiType.@Nullable Tagged tagged(Class<?> c) {
        var which = c.getAnnotation(Union.Case.class);
        if (which == null) {
            return null;
        }
        for (var parent : c.getInterfaces()) {
            var union = parent.getAnnotation(Union.class);
            if (union != null) {
                return new QapiType.Tagged(union.tag(), which.value());
            }
        }
        throw new IllegalStateException(c + " is a case of no union");
    }

    private static QapiType.Field field(RecordComponent component, int index) {
        var member = component.getAnnotation(Member.class);
        return new QapiType.Field(
                name(component, member),
                isOptional(component.getAnnotatedType()),
                member == null ? "" : member.value(),
                component,
                index,
                RecordHandles.accessor(component));
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
