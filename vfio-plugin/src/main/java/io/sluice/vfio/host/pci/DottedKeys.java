package io.sluice.vfio.host.pci;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Builds from properties what JSON would say: a dot goes into an object or a list, and a list's places are numbers
/// from 0, as in `functions.0.name=rp0`.
final class DottedKeys {
    private final Map<String, DottedKeys> inner = new LinkedHashMap<>();
    private String value = "";
    private boolean isValue;

    private DottedKeys() {}

    /// @throws HostConfigException if a key says two things, or a list has holes
    static JsonNode read(Map<String, String> properties) {
        var root = new DottedKeys();
        for (var property : properties.entrySet()) {
            root.put(property.getKey(), property.getValue());
        }
        return root.node("");
    }

    private void put(String key, String text) {
        var here = this;
        for (var part : key.split("\\.", -1)) {
            if (part.isEmpty()) {
                throw new HostConfigException(key, "a part of the key is empty; write it as functions.0.name");
            }
            here = here.inner.computeIfAbsent(part, p -> new DottedKeys());
        }
        here.isValue = true;
        here.value = text;
    }

    private JsonNode node(String key) {
        if (isValue && !inner.isEmpty()) {
            throw new HostConfigException(key, "is a value, and has parts too; give one of both");
        }
        if (isValue) {
            return new JsonNode.Text(0, value);
        }
        boolean list = !inner.isEmpty() && inner.keySet().stream().allMatch(part -> part.matches("0|[1-9][0-9]{0,4}"));
        return list ? items(key) : members(key);
    }

    private JsonNode items(String key) {
        var places = new TreeMap<Integer, JsonNode>();
        inner.forEach((part, below) -> places.put(Integer.parseInt(part), below.node(below(key, part))));
        if (places.lastKey() != places.size() - 1) {
            throw new HostConfigException(
                    key, "has a place " + places.lastKey() + " and holes below it; number them from 0 on");
        }
        List<JsonNode> nodes = new ArrayList<>(places.values());
        return new JsonNode.Items(0, nodes);
    }

    private JsonNode members(String key) {
        var members = new LinkedHashMap<String, JsonNode>();
        inner.forEach((part, below) -> members.put(part, below.node(below(key, part))));
        return new JsonNode.Members(0, members);
    }

    private static String below(String key, String part) {
        return key.isEmpty() ? part : key + "." + part;
    }
}
