package io.sluice.vmm.testkit;

import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What went over one or more connections, sorted: which reply belongs to which command, and what the events were.
/// Holds
/// each message to a schema.
public final class QmpJournal {
    private static final Set<String> CLASSES =
            Set.of("GenericError", "CommandNotFound", "DeviceNotActive", "DeviceNotFound", "KVMMissingCap");

    /// A command and its answer.
    ///
    /// @param name empty if what was sent names no command
    /// @param arguments empty if there were none
    /// @param reply the whole message
    public record Exchange(String name, Map<String, Object> arguments, Map<String, Object> reply) {
        public boolean succeeded() {
            return reply.containsKey("return");
        }

        /// The text of the error; empty if there is none.
        public String error() {
            return reply.get("error") instanceof Map<?, ?> error ? String.valueOf(error.get("desc")) : "";
        }
    }

    private record Asked(
            String name,
            Map<String, Object> arguments,
            @Nullable Object id) {}

    private final Deque<Asked> asked = new ArrayDeque<>();
    private final List<Exchange> exchanges = new ArrayList<>();
    private final List<Map<String, Object>> events = new ArrayList<>();
    private final StringBuilder unfinished = new StringBuilder();

    /// Another connection: what was not answered will not be.
    public void connected() {
        asked.clear();
        unfinished.setLength(0);
    }

    /// Something was sent.
    ///
    /// @param whole whether a message ends here
    public void sent(String text, boolean whole) {
        unfinished.append(text);
        if (whole) {
            asked.add(asked(unfinished.toString()));
            unfinished.setLength(0);
        }
    }

    private static Asked asked(String text) {
        try {
            var message = new JsonObject(text).getMap();
            var name = message.getOrDefault("execute", message.getOrDefault("exec-oob", ""));
            return new Asked(String.valueOf(name), map(message.get("arguments")), message.get("id"));
        } catch (DecodeException e) {
            return new Asked("", Map.of(), null);
        }
    }

    @SuppressWarnings("unchecked") // The keys of a JSON object are strings.
    private static Map<String, Object> map(@Nullable Object value) {
        return value instanceof Map<?, ?> map ? (Map<String, Object>) map : Map.of();
    }

    public void received(String text) {
        var message = new JsonObject(text).getMap();
        if (message.containsKey("event")) {
            events.add(message);
        } else if (message.containsKey("return") || message.containsKey("error")) {
            var of = of(message.get("id"));
            exchanges.add(new Exchange(of.name, of.arguments, message));
        }
    }

    private Asked of(@Nullable Object id) {
        for (var each : asked) {
            if (id == null || id.equals(each.id)) {
                asked.remove(each);
                return each;
            }
        }
        throw new IllegalStateException("a reply to what was not asked, id " + id);
    }

    /// All that was answered, in the order of the answers.
    public List<Exchange> exchanges() {
        return Collections.unmodifiableList(exchanges);
    }

    public List<Exchange> exchanges(String command) {
        return exchanges.stream().filter(e -> e.name.equals(command)).toList();
    }

    public List<String> eventNames() {
        return events.stream().map(e -> String.valueOf(e.get("event"))).toList();
    }

    // ---- the schema

    /// What is wrong with what came; nothing if each message is as the schema promises.
    public List<String> problems(QmpSchema schema) {
        var found = new ArrayList<String>();
        exchanges.forEach(exchange -> reply(schema, exchange, found));
        events.forEach(event -> event(schema, event, found));
        return found;
    }

    private static void reply(QmpSchema schema, Exchange exchange, List<String> found) {
        var reply = exchange.reply;
        var members = new ArrayList<>(reply.keySet());
        members.remove("id");
        if (members.size() != 1) {
            found.add(exchange.name + ": a reply has members " + reply.keySet());
        } else if (exchange.succeeded()) {
            var type = schema.type(exchange.name, "ret-type");
            found.addAll(schema.problems(type, reply.get("return"), exchange.name));
        } else {
            error(exchange, found);
        }
    }

    private static void error(Exchange exchange, List<String> found) {
        var error = map(exchange.reply.get("error"));
        if (!error.keySet().equals(Set.of("class", "desc"))) {
            found.add(exchange.name + ": an error has members " + error.keySet());
        } else if (!CLASSES.contains(error.get("class"))) {
            found.add(exchange.name + ": there is no class of errors " + error.get("class"));
        } else if (exchange.error().startsWith("The command " + exchange.name + " failed: ")) {
            found.add(exchange.name + ": " + exchange.error());
        }
    }

    private static void event(QmpSchema schema, Map<String, Object> event, List<String> found) {
        var name = String.valueOf(event.get("event"));
        if (!schema.names("event").contains(name)) {
            found.add(name + ": the schema has no such event");
            return;
        }
        if (!map(event.get("timestamp")).keySet().equals(Set.of("seconds", "microseconds"))) {
            found.add(name + ": no time");
        }
        var known = Set.of("timestamp", "event", "data");
        event.keySet().stream()
                .filter(member -> !known.contains(member))
                .forEach(m -> found.add(name + ": an event has member " + m));
        var type = schema.type(name, "arg-type");
        boolean told = event.containsKey("data");
        if (told || !schema.members(type).isEmpty()) {
            found.addAll(schema.problems(type, event.get("data"), name));
        }
    }
}
