package io.sluice.vmm.app;

import io.sluice.vmm.qmp.JsonText;
import io.sluice.vmm.qmp.QmpAddress;
import io.sluice.vmm.qmp.QmpEndpoint;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Reads `-qmp`, `-qmp-pretty`, `-chardev` and `-mon`.
final class MonitorOptions {
    private final Options options;
    private final Map<String, Chardev> chardevs = new LinkedHashMap<>();
    private final Set<String> used = new HashSet<>();

    MonitorOptions(Options options) {
        this.options = options;
    }

    /// The control sockets, those of `-qmp` first.
    List<QmpEndpoint> endpoints() {
        chardevs.clear();
        used.clear();
        options.all(Option.CHARDEV).forEach(this::declare);
        var endpoints = new ArrayList<QmpEndpoint>();
        for (var option : List.of(Option.QMP, Option.QMP_PRETTY)) {
            for (var text : options.all(option)) {
                var name = "compat_monitor" + endpoints.size();
                endpoints.add(shorthand(option, text, name).endpoint(option == Option.QMP_PRETTY));
            }
        }
        options.all(Option.MON).forEach(text -> endpoints.add(monitor(text)));
        refuseUnused();
        refuseSharedStdio(endpoints);
        return endpoints;
    }

    /// Whether standard input and output are a control socket's.
    boolean useStdio() {
        return endpoints().stream().anyMatch(endpoint -> endpoint.address() instanceof QmpAddress.Stdio);
    }

    private Chardev shorthand(Option option, String text, String id) {
        if (text.equals("stdio")) {
            return Chardev.stdio(id);
        }
        if (text.startsWith("chardev:")) {
            return use(option.text() + " " + text, text.substring("chardev:".length()));
        }
        var properties = Chardev.shorthand(option.text(), text);
        if (properties == null) {
            throw new UsageException(option.text() + " " + text
                    + ": no such character device; use unix:PATH, tcp:HOST:PORT, stdio or chardev:ID");
        }
        return Chardev.socket(option.text() + " " + text, id, properties);
    }

    // ---- -chardev

    private void declare(String text) {
        var said = "-chardev " + text;
        var properties = text.startsWith("{")
                ? json(said, text)
                : KeyValues.parse("-chardev", text, "backend").all();
        var given = new LinkedHashMap<>(properties);
        var backend = given.remove("backend");
        var id = given.getOrDefault("id", "");
        if (id.isEmpty()) {
            throw new UsageException(said + ": Parameter 'id' is missing");
        }
        var made = make(said, backend == null ? "" : backend, id, given);
        if (chardevs.put(id, made) != null) {
            throw new UsageException(said + ": Duplicate ID '" + id + "' for chardev");
        }
    }

    private static Chardev make(String said, String backend, String id, Map<String, String> given) {
        return switch (backend) {
            case "socket" -> Chardev.socket(said, id, given);
            case "stdio" -> Chardev.stdio(id);
            case "" -> throw new UsageException(said + ": Parameter 'backend' is missing");
            default ->
                throw new UsageException(
                        said + ": '" + backend + "' is not a valid char driver name; use socket or stdio");
        };
    }

    /// Either the properties as an object, or what QEMU's `chardev-add` takes.
    private static Map<String, String> json(String said, String text) {
        try {
            var flat = new LinkedHashMap<String, String>();
            var object = JsonText.object(text);
            flatten(object, flat);
            if (object.getValue("backend") instanceof JsonObject) {
                flat.putIfAbsent("server", "on"); // the defaults of chardev-add, not those of -chardev
                if ("on".equals(flat.get("server"))) {
                    flat.putIfAbsent("wait", "off");
                }
            }
            return flat;
        } catch (IllegalArgumentException e) {
            throw new UsageException(said + ": " + e.getMessage());
        }
    }

    private static void flatten(JsonObject object, Map<String, String> flat) {
        for (var member : object) {
            switch (member.getKey()) {
                case "backend", "data", "addr" -> {
                    if (member.getValue() instanceof JsonObject inner) {
                        flattenBackend(member.getKey(), inner, flat);
                    } else {
                        flat.put(member.getKey(), text(member.getKey(), member.getValue()));
                    }
                }
                case "str" -> flat.put("fd", text("fd", member.getValue()));
                default -> flat.put(member.getKey(), text(member.getKey(), member.getValue()));
            }
        }
    }

    private static void flattenBackend(String key, JsonObject inner, Map<String, String> flat) {
        var rest = inner.copy();
        var type = rest.remove("type");
        if (key.equals("backend") && type instanceof String name) {
            flat.put("backend", name);
        }
        flatten(rest, flat);
    }

    private static String text(String key, Object value) {
        if (value instanceof Boolean flag) {
            return flag ? "on" : "off";
        }
        if (value instanceof String || value instanceof Long) {
            return value.toString();
        }
        throw new IllegalArgumentException("Invalid parameter type for '" + key + "', expected: string");
    }

    // ---- -mon

    private QmpEndpoint monitor(String text) {
        var values = KeyValues.parse("-mon", text, "chardev");
        values.allow(Set.of("chardev", "mode", "pretty"));
        var said = "-mon " + text;
        if (!values.has("chardev")) {
            throw new UsageException(said + ": Parameter 'chardev' is missing");
        }
        if (!values.get("mode", "readline").equals("control")) {
            throw new UsageException(said + ": there is no human monitor; say mode=control");
        }
        var pretty = values.get("pretty", "off");
        if (!pretty.equals("on") && !pretty.equals("off")) {
            throw new UsageException(said + ": Parameter 'pretty' expects 'on' or 'off'");
        }
        return use(said, values.get("chardev", "")).endpoint(pretty.equals("on"));
    }

    private Chardev use(String said, String id) {
        var chardev = chardevs.get(id);
        if (chardev == null) {
            throw new UsageException(said + ": chardev \"" + id + "\" not found");
        }
        if (!used.add(id)) {
            throw new UsageException(said + ": chardev \"" + id + "\" is already in use");
        }
        return chardev;
    }

    private void refuseUnused() {
        for (var id : chardevs.keySet()) {
            if (!used.contains(id)) {
                throw new UsageException("-chardev id=" + id + ": nothing uses it; -mon chardev=" + id
                        + ",mode=control makes it a control socket");
            }
        }
    }

    private static void refuseSharedStdio(List<QmpEndpoint> endpoints) {
        long users = endpoints.stream()
                .filter(endpoint -> endpoint.address() instanceof QmpAddress.Stdio)
                .count();
        if (users > 1) {
            throw new UsageException("cannot use stdio by multiple character devices");
        }
    }
}
