package io.sluice.vmm.qapi;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Makes what goes over the wire of typed values: maps in the order of the members, lists, String, Long, Double,
/// Boolean.
public final class QapiEncoder {
    private QapiEncoder() {}

    /// The value of a record as a map; members that are null are left out.
    public static Map<String, Object> structure(Record value) {
        var type = QapiType.ofRecord(value.getClass());
        var map = new LinkedHashMap<String, Object>();
        if (type.choice() != null) {
            map.put(type.choice().tag(), type.choice().value());
        }
        for (var field : type.fields()) {
            var member = field.read(value);
            if (member != null) {
                map.put(field.name(), value(member));
            }
        }
        if (type.others() != null && type.others().read(value) instanceof Map<?, ?> others) {
            map.putAll(map(others));
        }
        return map;
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
}
