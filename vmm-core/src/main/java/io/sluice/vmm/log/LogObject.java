package io.sluice.vmm.log;

import io.sluice.vmm.plugin.DeviceContext;
import io.sluice.vmm.plugin.ObjectType;
import io.sluice.vmm.plugin.PluginException;
import io.sluice.vmm.plugin.Property;
import io.sluice.vmm.plugin.PropertyValues;
import io.sluice.vmm.trace.Item;
import io.sluice.vmm.trace.Trace;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// `-object log,id=…[,format=json|text][,file=PATH][,items=ITEM:ITEM…]`: one more log beside that of `-D`, with the
/// program's messages in it. Without a file it is standard error itself, and messages there are JSON from then on.
final class LogObject implements ObjectType {
    @Override
    public String name() {
        return "log";
    }

    @Override
    public String description() {
        return "A log of messages and of what -d can show";
    }

    @Override
    public List<Property> properties() {
        return List.of(
                new Property("format", Property.Kind.STRING, "json (one object a line) or text", "json"),
                Property.string("file", "Where it goes, %d being the process; standard error if absent"),
                Property.string("items", "Items of -d, with ':' between; whatever is on if absent"));
    }

    @Override
    public UserObject create(String id, DeviceContext context, PropertyValues properties) {
        var items = items(properties.text("items"));
        boolean json = isJson(properties.required("format"));
        var trace = context.trace();
        var file = properties.text("file");
        if (file != null) {
            return toFile(trace, file, items, json ? new JsonFormat(trace.guest()) : new TextFormat(true, null));
        }
        return toMessages(trace, items, json);
    }

    private static boolean isJson(String format) {
        return switch (format) {
            case "json" -> true;
            case "text" -> false;
            default -> throw new PluginException("Parameter 'format' does not accept value '" + format + "'");
        };
    }

    private static @Nullable Set<Item> items(@Nullable String text) {
        if (text == null) {
            return null;
        }
        var items = EnumSet.noneOf(Item.class);
        for (var word : text.split("[:,]", -1)) {
            items.add(Item.of(word).orElseThrow(() -> new PluginException("no such log item '" + word + "'")));
        }
        return items;
    }

    private static UserObject toFile(Trace trace, String name, @Nullable Set<Item> items, RecordFormat format) {
        try {
            var file = LogFile.open(name, format);
            var attachment = items == null ? trace.attachToAll(file, Set.of(), true) : trace.attach(file, items, true);
            return () -> {
                attachment.close();
                file.close();
            };
        } catch (IOException | InvalidPathException e) {
            throw new PluginException("log file '" + name + "': cannot be written (" + e.getMessage() + ")", e);
        }
    }

    /// Messages are on standard error already; only items have to be brought there.
    private static UserObject toMessages(Trace trace, @Nullable Set<Item> items, boolean json) {
        var messages = Messages.current();
        if (messages == null) {
            throw new PluginException("there is no standard error; say file=PATH");
        }
        if (json) {
            messages.useJson();
        }
        messages.own();
        var attachment = trace.attachToAll(messages, items == null ? Set.of() : items, false);
        return () -> {
            attachment.close();
            messages.disown();
        };
    }
}
