package io.sluice.vfio.host.pci;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The members of one object of a description, taken one by one; what nobody has taken in the end is unknown.
final class ConfigFields {
    private final String path;
    private final int line;
    private final Map<String, JsonNode> members;
    private final Set<String> known = new LinkedHashSet<>();

    ConfigFields(String path, JsonNode node) {
        this.path = path;
        this.line = node.line();
        if (!(node instanceof JsonNode.Members object)) {
            throw new HostConfigException(where(node.line(), path), "is " + node.kind() + "; an object belongs here");
        }
        this.members = object.members();
    }

    static String where(int line, String path) {
        return line == 0 ? path : path.isEmpty() ? "line " + line : "line " + line + ": " + path;
    }

    private String below(String key) {
        return path.isEmpty() ? key : path + "." + key;
    }

    /// Where a member stands, or should.
    String where(String key) {
        var node = members.get(key);
        return where(node == null ? line : node.line(), below(key));
    }

    HostConfigException wrong(String key, String what) {
        return new HostConfigException(where(key), what);
    }

    private @Nullable JsonNode take(String key) {
        known.add(key);
        return members.get(key);
    }

    boolean has(String key) {
        known.add(key);
        return members.containsKey(key);
    }

    @Nullable
    String text(String key) {
        return switch (take(key)) {
            case null -> null;
            case JsonNode.Text text -> text.value();
            case JsonNode other -> throw wrong(key, "is " + other.kind() + "; a string belongs here");
        };
    }

    String needText(String key) {
        var text = text(key);
        if (text == null || text.isEmpty()) {
            throw wrong(key, "is missing; give it");
        }
        return text;
    }

    boolean flag(String key, boolean otherwise) {
        var node = take(key);
        return node == null ? otherwise : flag(key, node);
    }

    private boolean flag(String key, JsonNode node) {
        if (node instanceof JsonNode.Flag flag) {
            return flag.value();
        }
        if (node instanceof JsonNode.Text text && text.value().matches("true|on|false|off")) {
            return text.value().matches("true|on");
        }
        throw wrong(key, "is " + node.kind() + "; true or false belongs here");
    }

    /// A number, or a string with one: decimal, or hexadecimal behind 0x.
    long number(String key, long least, long most, long otherwise) {
        var node = take(key);
        if (node == null) {
            return otherwise;
        }
        long value = switch (node) {
            case JsonNode.Number number -> number.value();
            case JsonNode.Text text -> parsed(key, text.value());
            case JsonNode other -> throw wrong(key, "is " + other.kind() + "; a number belongs here");
        };
        if (value < least || value > most) {
            throw wrong(key, "is " + value + "; it goes from " + least + " to " + most);
        }
        return value;
    }

    private long parsed(String key, String text) {
        if (text.matches("0x[0-9a-fA-F]{1,15}")) {
            return Long.parseLong(text.substring(2), 16);
        }
        if (text.matches("[0-9]{1,18}")) {
            return Long.parseLong(text);
        }
        throw wrong(key, "is \"" + text + "\"; a number belongs here, decimal or 0x and hexadecimal");
    }

    /// A list's objects.
    List<ConfigFields> objects(String key) {
        var found = new ArrayList<ConfigFields>();
        int index = 0;
        for (var node : items(key)) {
            found.add(new ConfigFields(below(key) + "[" + index++ + "]", node));
        }
        return found;
    }

    /// A list's strings.
    List<String> texts(String key) {
        var found = new ArrayList<String>();
        for (var node : items(key)) {
            if (!(node instanceof JsonNode.Text text)) {
                throw new HostConfigException(
                        where(node.line(), below(key)), "has " + node.kind() + " in it; strings belong here");
            }
            found.add(text.value());
        }
        return found;
    }

    private List<JsonNode> items(String key) {
        return switch (take(key)) {
            case null -> List.of();
            case JsonNode.Items items -> items.nodes();
            case JsonNode other -> throw wrong(key, "is " + other.kind() + "; a list belongs here");
        };
    }

    /// An object, or null if there is none.
    @Nullable
    ConfigFields object(String key) {
        var node = take(key);
        return node == null ? null : new ConfigFields(below(key), node);
    }

    /// An object of strings, numbers and flags, as text.
    Map<String, String> properties(String key) {
        var fields = object(key);
        return fields == null ? Map.of() : fields.asProperties();
    }

    Map<String, String> asProperties() {
        var all = new LinkedHashMap<String, String>();
        members.forEach((name, node) -> all.put(
                name,
                switch (node) {
                    case JsonNode.Text text -> text.value();
                    case JsonNode.Number number -> Long.toString(number.value());
                    case JsonNode.Flag flag -> flag.value() ? "on" : "off";
                    case JsonNode.Items items -> throw wrong(name, "is a list; a property has one value");
                    case JsonNode.Members inner -> throw wrong(name, "is an object; a property has one value");
                }));
        return all;
    }

    /// A member that switches something on by `true`, or by an object that says more. Null if it is off.
    @Nullable
    ConfigFields feature(String key) {
        var node = take(key);
        if (node == null) {
            return null;
        }
        if (node instanceof JsonNode.Members) {
            return new ConfigFields(below(key), node);
        }
        return flag(key, node) ? new ConfigFields(below(key), new JsonNode.Members(node.line(), Map.of())) : null;
    }

    /// Whether a member is a list.
    boolean isList(String key) {
        return members.get(key) instanceof JsonNode.Items;
    }

    /// Everything has been taken: what is left is refused.
    void done() {
        for (var key : members.keySet()) {
            if (!known.contains(key)) {
                throw wrong(key, "is not known; there are " + String.join(", ", known));
            }
        }
    }
}
