package io.sluice.vmm.app;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// `key=value,key2=value2` as QEMU writes it: a comma inside a value is doubled, the first key may be left out, and a
/// key without a value is `on`. The last of several equal keys counts.
final class KeyValues {
    private final String option;
    private final Map<String, String> values;

    private KeyValues(String option, Map<String, String> values) {
        this.option = option;
        this.values = values;
    }

    /// @param option the option that the text belongs to, for messages
    /// @param implied the key that the first element has if it names none
    static KeyValues parse(String option, String text, String implied) {
        var values = new LinkedHashMap<String, String>();
        int at = 0;
        while (at < text.length()) {
            int keyEnd = at;
            while (keyEnd < text.length() && text.charAt(keyEnd) != '=' && text.charAt(keyEnd) != ',') {
                keyEnd++;
            }
            boolean hasKey = keyEnd < text.length() && text.charAt(keyEnd) == '=';
            boolean first = at == 0;
            var value = new StringBuilder();
            int next = value(text, hasKey ? keyEnd + 1 : at, value);
            if (hasKey) {
                values.put(text.substring(at, keyEnd), value.toString());
            } else if (first) {
                values.put(implied, value.toString());
            } else if (!value.isEmpty()) {
                values.put(value.toString(), "on");
            }
            at = next;
        }
        if (values.containsKey("")) {
            throw new UsageException(option + " " + text + ": a '=' without a name before it");
        }
        return new KeyValues(option, values);
    }

    /// Reads a value up to a single comma.
    ///
    /// @return where the next element starts
    private static int value(String text, int from, StringBuilder value) {
        int i = from;
        while (i < text.length()) {
            char c = text.charAt(i);
            if (c == ',') {
                if (i + 1 < text.length() && text.charAt(i + 1) == ',') {
                    i++;
                } else {
                    return i + 1;
                }
            }
            value.append(c);
            i++;
        }
        return i;
    }

    @Nullable
    String get(String key) {
        return values.get(key);
    }

    String get(String key, String otherwise) {
        return values.getOrDefault(key, otherwise);
    }

    boolean has(String key) {
        return values.containsKey(key);
    }

    /// In the order in which they were said.
    Map<String, String> all() {
        return values;
    }

    /// Everything but `key`.
    Map<String, String> without(String key) {
        var rest = new LinkedHashMap<>(values);
        rest.remove(key);
        return rest;
    }

    /// Refuses any key that is not among `known`, by name.
    void allow(Set<String> known) {
        for (var key : values.keySet()) {
            if (!known.contains(key)) {
                throw new UsageException(option + ": Invalid parameter '" + key + "'");
            }
        }
    }
}
