package io.sluice.vmm.qapi;

import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Makes what goes over the wire of typed values: maps in the order of the members, lists, String, Long, Double,
/// Boolean.
public final class QapiEncoder {
    private QapiEncoder() {}

    /// The value of a record as a map; members that are null are left out.
    public static Map<String, Object> structure(Record value) {
        var type = (QapiType.Structure) QapiType.of((Type) value.getClass());
        var map = new LinkedHashMap<String, Object>();
        for (var field : type.fields()) {
            var member = read(field.component(), value);
            if (member != null) {
                map.put(field.name(), value(member));
            }
        }
        if (type.open()) {
            addOthers(type, value, map);
        }
        return map;
    }

    private static void addOthers(QapiType.Structure type, Record value, Map<String, Object> map) {
        for (var component : type.javaClass().getRecordComponents()) {
            if (component.isAnnotationPresent(Others.class) && read(component, value) instanceof Map<?, ?> others) {
                map.putAll(map(others));
            }
        }
    }

    /// Any value that [QapiType#of] has a type for.
    public static Object value(Object value) {
        return switch (value) {
            case Record r -> structure(r);
            case QapiEnum e -> e.text();
            case List<?> list -> list(list);
            case Map<?, ?> map -> map(map);
            case Integer i -> i.longValue();
            default -> value;
        };
    }

    private static List<Object> list(List<?> list) {
        var values = new ArrayList<Object>(list.size());
        for (var element : list) {
            values.add(value(element));
        }
        return values;
    }

    private static Map<String, Object> map(Map<?, ?> map) {
        var values = new LinkedHashMap<String, Object>();
        map.forEach((key, v) -> values.put((String) key, value(v)));
        return values;
    }

    private static @Nullable Object read(RecordComponent component, Record value) {
        try {
            var accessor = component.getAccessor();
            accessor.setAccessible(true);
            return accessor.invoke(value);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("a value of " + value.getClass() + " cannot be read", e);
        }
    }
}
