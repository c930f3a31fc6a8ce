package io.sluice.vmm.control;

import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.Command.Nothing;
import io.sluice.vmm.qapi.ListType;
import io.sluice.vmm.qapi.Member;
import io.sluice.vmm.qapi.QapiEnum;
import io.sluice.vmm.qapi.QmpException;
import io.sluice.vmm.trace.Item;
import io.sluice.vmm.trace.Trace;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What the log shows, item by item: the items of `-d` as QEMU's trace events.
final class TraceCommands {
    private final Trace trace;

    TraceCommands(Trace trace) {
        this.trace = trace;
    }

    enum ItemState implements QapiEnum {
        UNAVAILABLE,
        DISABLED,
        ENABLED
    }

    record ItemInfo(
            @Member("Name of the item.") String name,
            @Member("Whether it is logged.") ItemState state,

            @Member("Always false: an item is on for all vCPUs or for none.")
            boolean vcpu) {}

    record GetArguments(
            @Member("Name of an item; `*` and `?` stand for any text and any character.")
            String name,

            @Member("A vCPU; refused, as no item is of one vCPU.") @Nullable
            Long vcpu) {}

    record SetArguments(
            @Member("Name of an item; `*` and `?` stand for any text and any character.")
            String name,

            @Member("Whether to log it.") boolean enable,

            @Member("Nothing is unavailable here; taken and not looked at.") @Nullable
            Boolean ignoreUnavailable,

            @Member("A vCPU; refused, as no item is of one vCPU.") @Nullable
            Long vcpu) {}

    List<Command<?, ?>> commands() {
        return List.of(
                Command.of(
                        "trace-event-get-state",
                        GetArguments.class,
                        ListType.of(ItemInfo.class),
                        "Which items of the log are on (docs/logs.md).",
                        this::get),
                Command.of(
                        "trace-event-set-state",
                        SetArguments.class,
                        Nothing.class,
                        "Switches items of the log on, to where -D says, or off.",
                        this::set));
    }

    private List<ItemInfo> get(GetArguments arguments) {
        return named(arguments.name, arguments.vcpu).stream()
                .map(item -> new ItemInfo(item.text(), trace.on(item) ? ItemState.ENABLED : ItemState.DISABLED, false))
                .toList();
    }

    private Nothing set(SetArguments arguments) {
        named(arguments.name, arguments.vcpu).forEach(item -> trace.set(item, arguments.enable));
        return Nothing.INSTANCE;
    }

    private static List<Item> named(String name, @Nullable Long vcpu) {
        var found = Stream.of(Item.values())
                .filter(item -> matches(name, item.text()))
                .toList();
        if (found.isEmpty() && !isPattern(name)) {
            throw new QmpException("unknown event \"" + name + "\"");
        }
        if (vcpu != null && !isPattern(name)) {
            throw new QmpException("event \"" + name + "\" is not vCPU-specific");
        }
        return vcpu == null ? found : List.of();
    }

    private static boolean isPattern(String name) {
        return name.indexOf('*') >= 0 || name.indexOf('?') >= 0;
    }

    /// Whether a pattern describes a text. A star that was too greedy is tried again one character further on, and only
    /// the last one, so that no pattern takes long.
    private static boolean matches(String pattern, String text) {
        int at = 0;
        int star = -1;
        int resume = 0;
        int i = 0;
        while (i < text.length()) {
            if (at < pattern.length() && pattern.charAt(at) == '*') {
                star = at++;
                resume = i;
            } else if (at < pattern.length() && (pattern.charAt(at) == '?' || pattern.charAt(at) == text.charAt(i))) {
                at++;
                i++;
            } else if (star >= 0) {
                at = star + 1;
                i = ++resume;
            } else {
                return false;
            }
        }
        while (at < pattern.length() && pattern.charAt(at) == '*') {
            at++;
        }
        return at == pattern.length();
    }
}
