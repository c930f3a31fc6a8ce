package io.sluice.vmm.app;

import io.sluice.vmm.log.Messages;
import io.sluice.vmm.machine.Machine;
import io.sluice.vmm.metrics.MetricsPlugin;
import io.sluice.vmm.plugin.PluginException;
import java.io.PrintStream;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The program: from arguments to exit status. Standard output carries what was asked for, the guest's console above
/// all; everything that we have to say goes to standard error, one line each.
final class Sluice {
    private static final Logger LOG = LoggerFactory.getLogger(Sluice.class);
    private static final int REFUSED = 1;

    private final PrintStream out;
    private final PrintStream err;

    Sluice(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    /// @return the exit status
    int run(List<String> arguments) {
        try (var messages = Messages.to(err)) {
            return run(arguments, messages);
        }
    }

    private int run(List<String> arguments, Messages messages) {
        try {
            return carryOut(Invocation.parse(arguments), messages);
        } catch (UsageException e) {
            LOG.error("{}", e.getMessage());
            return REFUSED;
        } catch (IllegalStateException e) {
            InternalError.report(err, e);
            return InternalError.STATUS;
        }
    }

    private int carryOut(Invocation invocation, Messages messages) {
        return switch (invocation) {
            case Invocation.Show show -> show(show.text());
            case Invocation.ListImages list -> show(new Catalogue().list());
            case Invocation.ListParts list -> show(parts(list.option(), list.type()));
            case Invocation.Run run -> {
                messages.style(new LogOptions(run.options()).messages());
                var config = ConfigReader.read(run.options());
                yield MachineRun.run(config, Doors.read(run.options()), err, messages);
            }
            case Invocation.Boot boot -> {
                messages.style(new LogOptions(boot.options()).messages());
                var doors = Doors.read(boot.options());
                yield MachineRun.run(new Catalogue().machine(boot.image(), boot.options()), doors, err, messages);
            }
        };
    }

    private static String parts(Option option, @Nullable String type) {
        var registry = Machine.registry();
        MetricsPlugin.describe(registry);
        try {
            if (option == Option.OBJECT) {
                return type == null ? registry.objectHelp() : registry.objectHelp(type);
            }
            return type == null ? registry.deviceHelp() : registry.deviceHelp(type);
        } catch (PluginException e) {
            throw new UsageException(option.text() + " " + type + ": " + e.getMessage());
        }
    }

    private int show(String text) {
        out.print(text);
        out.flush();
        return 0;
    }
}
