package io.sluice.vfio.host.models;

import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The properties of one device, taken one by one; what nobody has taken in the end is unknown.
final class ModelProperties {
    private final Map<String, String> values;
    private final Set<String> known = new LinkedHashSet<>();

    ModelProperties(Map<String, String> values) {
        this.values = values;
    }

    @Nullable
    String text(String name) {
        known.add(name);
        return values.get(name);
    }

    /// Decimal, or hexadecimal behind 0x.
    ///
    /// @throws IllegalArgumentException if it is no number, or not one of these
    long number(String name, long least, long most, long otherwise) {
        var text = text(name);
        if (text == null) {
            return otherwise;
        }
        boolean hex = text.matches("0x[0-9a-fA-F]{1,15}");
        if (!hex && !text.matches("[0-9]{1,18}")) {
            throw new IllegalArgumentException(name + " is \"" + text + "\"; a number belongs here");
        }
        long value = hex ? Long.parseLong(text.substring(2), 16) : Long.parseLong(text);
        if (value < least || value > most) {
            throw new IllegalArgumentException(name + " is " + value + "; it goes from " + least + " to " + most);
        }
        return value;
    }

    /// As [#number], a power of two.
    long power(String name, long least, long most, long otherwise) {
        long value = number(name, least, most, otherwise);
        if (Long.bitCount(value) != 1 && value != otherwise) {
            throw new IllegalArgumentException(name + " is " + value + "; a power of two belongs here");
        }
        return value;
    }

    /// @throws IllegalArgumentException if something is left
    void done() {
        for (var name : values.keySet()) {
            if (!known.contains(name)) {
                throw new IllegalArgumentException(name + " is no property; there are " + String.join(", ", known));
            }
        }
    }
}
