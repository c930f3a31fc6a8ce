package io.sluice.vmm.qmp;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/// Introspection, and the reference that is made of the same table.
class SchemaTest {
    private final DirectSession client = new DirectSession().negotiated();
    private final Map<String, JsonObject> entries = new HashMap<>();

    private Map<String, JsonObject> schema() {
        var answer = JsonText.object(client.ask("{'execute':'query-qmp-schema'}"));
        for (var entry : answer.getJsonArray("return")) {
            entries.put(((JsonObject) entry).getString("name"), (JsonObject) entry);
        }
        return entries;
    }

    private JsonObject entry(String name) {
        return Objects.requireNonNull(entries.get(name), name);
    }

    @Test
    void commandsAndEventsHaveTheirNamesAndTypesHaveNumbers() {
        var schema = schema();

        assertThat(entry("query-status").getString("meta-type")).isEqualTo("command");
        assertThat(entry("STOP").getString("meta-type")).isEqualTo("event");
        assertThat(entry("query-yank").getBoolean("allow-oob")).isTrue();
        assertThat(entry("stop").getBoolean("allow-oob")).isFalse();
        assertThat(schema.keySet()).allMatch(name -> name.matches("\\d+|\\[(\\d+|[a-z]+)]|[a-z][a-z_-]+|[A-Z_]+"));
    }

    @Test
    void membersSayTheirTypesAndWhetherTheyMayBeLeftOut() {
        schema();
        var save = entry(entry("memsave").getString("arg-type"));

        assertThat(save.getString("meta-type")).isEqualTo("object");
        assertThat(save.getJsonArray("members").encodePrettily()).isEqualToIgnoringWhitespace("""
                        [{"name": "val", "type": "int"}, {"name": "size", "type": "int"},
                         {"name": "filename", "type": "str"}, {"name": "cpu-index", "type": "int", "default": null}]""");
    }

    @Test
    void everyTypeThatIsNamedIsThere() {
        var schema = schema();
        var missing = new HashSet<String>();

        for (var entry : schema.values()) {
            for (var key : List.of("arg-type", "ret-type", "element-type")) {
                if (entry.containsKey(key) && !schema.containsKey(entry.getString(key))) {
                    missing.add(entry.getString(key));
                }
            }
            for (var list : List.of("members", "variants")) {
                for (var member : entry.getJsonArray(list, new JsonArray())) {
                    var type = ((JsonObject) member).getString("type");
                    if (type != null && !schema.containsKey(type)) {
                        missing.add(type);
                    }
                }
            }
        }

        assertThat(missing).isEmpty();
    }

    @Test
    void unionsHaveATagAndVariants() {
        schema();
        var yank = entry(entry("yank").getString("arg-type"));
        var list = entry(yank.getJsonArray("members").getJsonObject(0).getString("type"));
        var union = entry(list.getString("element-type"));

        assertThat(union.getString("tag")).isEqualTo("type");
        assertThat(union.getJsonArray("variants").getJsonObject(0).getString("case"))
                .isEqualTo("chardev");
        var tag = entry(union.getJsonArray("members").getJsonObject(0).getString("type"));
        assertThat(tag.getJsonArray("values").getList()).isEqualTo(List.of("chardev"));
    }

    @Test
    void theCommandsAreListed() {
        assertThat(client.ask("{'execute':'query-commands'}"))
                .startsWith("{\"return\": [{\"name\": \"break\"}, {\"name\": \"cont\"}")
                .contains("{\"name\": \"query-qmp-schema\"}", "{\"name\": \"qmp_capabilities\"}");
    }

    @Test
    void theReferenceTellsArgumentsStatesAndEvents() {
        var reference = QmpReference.markdown(new FakeCommands().table());

        assertThat(reference)
                .contains(
                        "### device_del\n\nRemoves.\n\nArguments:\n\n- `id` (str): what to remove\n",
                        "Only in the states `paused`, `prelaunch`.",
                        "Returns list of [Named](#named).",
                        "### RTC_CHANGE\n",
                        "At most one a second",
                        "### qmp_capabilities\n",
                        "One of `one`, `and-another`.");
    }
}
