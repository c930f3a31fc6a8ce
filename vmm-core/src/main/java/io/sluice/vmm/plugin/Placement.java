package io.sluice.vmm.plugin;

import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Where a device shall sit and what it is called: the properties that every `-device` understands.
///
/// @param id the user's name for the device
/// @param bus the bus it asks for; null for the default one
/// @param slot device and function number (`devfn`), or -1 for the next free slot
public record Placement(@Nullable String id, @Nullable String bus, int slot, boolean multiFunction) {
    private static final Pattern ID = Pattern.compile("[A-Za-z][A-Za-z0-9._-]*");
    private static final Pattern SLOT = Pattern.compile("(?:0x)?([01]?[0-9a-fA-F])(?:\\.([0-7]))?");

    static Placement parse(String type, boolean pci, Map<String, String> properties) {
        var id = properties.get("id");
        if (id != null) {
            checkId(id);
        }
        var multi = properties.get("multifunction");
        var addr = properties.get("addr");
        return new Placement(
                id,
                properties.get("bus"),
                pci && addr != null ? slot(type, addr) : -1,
                pci && multi != null && Property.parseBool("multifunction", multi));
    }

    static void checkId(String id) {
        if (!ID.matcher(id).matches()) {
            throw new PluginException("Parameter 'id' expects an identifier\n"
                    + "Identifiers consist of letters, digits, '-', '.', '_', starting with a letter.");
        }
    }

    private static int slot(String type, String text) {
        var match = SLOT.matcher(text);
        if (!match.matches()) {
            throw new PluginException("Property '" + type + ".addr' doesn't take value '" + text + "'");
        }
        int function = match.group(2) == null ? 0 : Integer.parseInt(match.group(2));
        return Integer.parseInt(match.group(1), 16) << 3 | function;
    }
}
