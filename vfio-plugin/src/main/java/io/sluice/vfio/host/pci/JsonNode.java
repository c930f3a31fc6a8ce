package io.sluice.vfio.host.pci;

import java.util.List;
import java.util.Map;

/// A value of a description, and the line it stands in; 0 if it came from properties.
sealed interface JsonNode {
    int line();

    /// A string; from properties, any value at all.
    record Text(int line, String value) implements JsonNode {}

    record Number(int line, long value) implements JsonNode {}

    record Flag(int line, boolean value) implements JsonNode {}

    record Items(int line, List<JsonNode> nodes) implements JsonNode {}

    /// @param members in the order in which they stand
    record Members(int line, Map<String, JsonNode> members) implements JsonNode {}

    /// What it is, for messages.
    default String kind() {
        return switch (this) {
            case Text text -> "a string";
            case Number number -> "a number";
            case Flag flag -> "true or false";
            case Items items -> "a list";
            case Members members -> "an object";
        };
    }
}
