package io.sluice.vmm.app;

import io.sluice.vmm.log.MessageStyle;
import io.sluice.vmm.machine.MachineConfig;
import io.sluice.vmm.trace.AddressFilter;
import io.sluice.vmm.trace.Item;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Reads what says what is logged, and how messages look: `-d -D -dfilter -msg`, and of `-object log` what has to hold
/// before there is a machine.
final class LogOptions {
    private static final String ALL = "all";

    private final Options options;

    LogOptions(Options options) {
        this.options = options;
    }

    MachineConfig.Log log() {
        var items = EnumSet.noneOf(Item.class);
        for (var text : options.all(Option.LOG)) {
            for (var word : text.split(",", -1)) {
                items.addAll(items(word));
            }
        }
        return new MachineConfig.Log(items, options.last(Option.LOG_FILE), filter());
    }

    private static Set<Item> items(String word) {
        if (word.equals(ALL)) {
            return EnumSet.allOf(Item.class);
        }
        return Set.of(Item.of(word)
                .orElseThrow(() -> new UsageException("-d " + word + ": no such log item ('-d help' lists them)")));
    }

    private AddressFilter filter() {
        var text = options.last(Option.LOG_FILTER);
        try {
            return text == null ? AddressFilter.ALL : AddressFilter.parse(text);
        } catch (IllegalArgumentException e) {
            throw new UsageException("-dfilter " + text + ": " + e.getMessage());
        }
    }

    static String help() {
        var text = new StringBuilder("Log items (comma separated):\n");
        for (var item : Item.values()) {
            text.append(String.format("%-15s %s\n", item.text(), item.description()));
        }
        return text.append(String.format("%-15s %s\n", ALL, "each of these")).toString();
    }

    /// The machine's name, if it was given one.
    static Optional<String> guest(Options options) {
        var text = options.last(Option.NAME);
        return text == null
                ? Optional.empty()
                : Optional.ofNullable(KeyValues.parse("-name", text, "guest").get("guest"));
    }

    /// @throws UsageException if `-msg` says what it cannot
    MessageStyle messages() {
        boolean timestamp = false;
        boolean guestName = false;
        for (var text : options.all(Option.MESSAGES)) {
            var values = KeyValues.parse("-msg", text, "timestamp");
            values.allow(Set.of("timestamp", "guest-name"));
            timestamp = flag(text, values.get("timestamp"), timestamp);
            guestName = flag(text, values.get("guest-name"), guestName);
        }
        return new MessageStyle(timestamp, guestName, logsJson(), guest(options).orElse(""));
    }

    private static boolean flag(String text, @org.jspecify.annotations.Nullable String value, boolean otherwise) {
        if (value == null) {
            return otherwise;
        }
        if (!List.of("on", "off", "yes", "no", "true", "false", "y", "n").contains(value)) {
            throw new UsageException("-msg " + text + ": Parameter expects 'on' or 'off', not '" + value + "'");
        }
        return List.of("on", "yes", "true", "y").contains(value);
    }

    /// `-object log` without a file makes standard error a stream of JSON from the first message on.
    private boolean logsJson() {
        return options.all(Option.OBJECT).stream()
                .map(text -> KeyValues.parse("-object", text, "qom-type"))
                .anyMatch(object -> object.get("qom-type", "").equals("log")
                        && object.get("format", "json").equals("json")
                        && !object.has("file"));
    }
}
