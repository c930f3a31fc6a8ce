package io.sluice.vmm.plugin;

import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The values of one device's properties: checked, with the defaults filled in.
public final class PropertyValues {
    private final Map<String, String> values;

    PropertyValues(Map<String, String> values) {
        this.values = Map.copyOf(values);
    }

    /// The text, or null if the user gave none and there is no default.
    public @Nullable String text(String name) {
        return values.get(name);
    }

    /// The names of all that have a value.
    public Set<String> names() {
        return values.keySet();
    }

    public boolean isGiven(String name) {
        return values.containsKey(name);
    }

    public boolean bool(String name) {
        return Property.parseBool(name, required(name));
    }

    /// The value of a UINT8, UINT16, UINT32 or INT32 property.
    public long number(String name) {
        return Property.parseNumber(name, required(name), Integer.MIN_VALUE, 0xFFFF_FFFFL);
    }

    /// The 64 bits of a UINT64 property.
    public long unsigned(String name) {
        return Property.parseUnsigned(name, required(name));
    }

    /// Bytes of a SIZE property.
    public long size(String name) {
        return Property.parseSize(name, required(name));
    }

    /// @throws PluginException if the user gave none
    public String required(String name) {
        var text = values.get(name);
        if (text == null) {
            throw new PluginException("Parameter '" + name + "' is missing");
        }
        return text;
    }
}
