package io.sluice.vmm.control;

import io.sluice.vmm.machine.CharTarget;
import io.sluice.vmm.machine.MachineConfig;
import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.Command.Nothing;
import io.sluice.vmm.qapi.ListType;
import io.sluice.vmm.qapi.Member;
import io.sluice.vmm.qapi.QapiEnum;
import io.sluice.vmm.qapi.QmpException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What the process has of the outside: character devices, and the options it was started with.
final class BackendCommands {
    private final MachineConfig config;
    private final List<OptionInfo> options;
    private final List<CharDeviceInfo> monitors;

    BackendCommands(MachineConfig config, List<OptionInfo> options, List<CharDeviceInfo> monitors) {
        this.monitors = List.copyOf(monitors);
        this.config = config;
        this.options = List.copyOf(options);
    }

    record Chardev(
            @Member("Its name.") String label,
            @Member("What it is.") String filename,

            @Member("Whether a device of the guest's is on it.")
            boolean frontendOpen) {}

    enum ParameterType implements QapiEnum {
        STRING,
        BOOLEAN,
        NUMBER,
        SIZE
    }

    record Parameter(
            @Member("Its name.") String name,
            @Member("Its type.") ParameterType type,
            @Member("One line about it.") @Nullable String help) {}

    record OptionEntry(
            @Member("The option, without its dash.") String option,

            @Member("What may follow it; empty if that is not told.")
            List<Parameter> parameters) {}

    record OptionArguments(
            @Member("Only this one.") @Nullable String option) {}

    List<Command<?, ?>> commands() {
        return List.of(
                Command.of(
                        "query-chardev",
                        Nothing.class,
                        ListType.of(Chardev.class),
                        "The character devices.",
                        this::chardevs),
                Command.of(
                        "query-command-line-options",
                        OptionArguments.class,
                        ListType.of(OptionEntry.class),
                        "The options of the command line that take parameters.",
                        this::options));
    }

    private List<Chardev> chardevs(Nothing none) {
        var all = new ArrayList<Chardev>();
        monitors.forEach(m -> all.add(new Chardev(m.label(), m.filename(), true)));
        for (int i = 0; i < config.serial().size(); i++) {
            var target = config.serial().get(i);
            if (!(target instanceof CharTarget.Absent)) {
                all.add(new Chardev("serial" + i, filename(target), true));
            }
        }
        if (config.debugConsole() != null) {
            all.add(new Chardev("debugcon", filename(config.debugConsole()), true));
        }
        return all;
    }

    private static String filename(CharTarget target) {
        return switch (target) {
            case CharTarget.Stdio stdio -> "stdio";
            case CharTarget.File file -> "file";
            case CharTarget.Discard discard -> "null";
            case CharTarget.Absent absent -> "none";
        };
    }

    private List<OptionEntry> options(OptionArguments arguments) {
        var found = options.stream()
                .filter(o -> arguments.option == null || o.name().equals(arguments.option))
                .map(o -> new OptionEntry(
                        o.name(),
                        o.parameters().stream()
                                .map(p -> new Parameter(p, ParameterType.STRING, null))
                                .toList()))
                .toList();
        if (found.isEmpty() && arguments.option != null) {
            throw new QmpException("invalid option name: " + arguments.option);
        }
        return found;
    }
}
