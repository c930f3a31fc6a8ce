package io.sluice.vmm.app;

import io.sluice.vmm.machine.MachineConfig;
import io.sluice.vmm.machine.PanicAction;
import java.util.List;
import java.util.Map;

/// Reads what becomes of the machine when its guest resets, ends or panics: `-no-reboot -no-shutdown -action -S`.
final class LifeOptions {
    private static final Map<String, List<String>> ACTIONS = Map.of(
            "reboot", List.of("reset", "shutdown"),
            "shutdown", List.of("poweroff", "pause"),
            "panic", List.of("exit-failure", "shutdown", "pause", "none"));

    private final Options options;
    private boolean resetEnds;
    private boolean shutdownPauses;
    private PanicAction panic = PanicAction.EXIT_FAILURE;

    LifeOptions(Options options) {
        this.options = options;
    }

    MachineConfig.Life read() {
        resetEnds = options.has(Option.NO_REBOOT);
        shutdownPauses = options.has(Option.NO_SHUTDOWN);
        for (var text : options.all(Option.ACTION)) {
            KeyValues.parse("-action", text, "event").all().forEach(this::action);
        }
        return new MachineConfig.Life(options.has(Option.STOPPED), resetEnds, shutdownPauses, panic);
    }

    private void action(String event, String action) {
        var known = ACTIONS.get(event);
        if (known == null) {
            throw new UsageException("-action " + event + ": use reboot=, shutdown= or panic=");
        }
        if (!known.contains(action)) {
            throw new UsageException("-action " + event + "=" + action + ": use " + String.join(", ", known));
        }
        switch (event) {
            case "reboot" -> resetEnds = action.equals("shutdown");
            case "shutdown" -> shutdownPauses = action.equals("pause");
            default -> panic = panicAction(action);
        }
    }

    private static PanicAction panicAction(String text) {
        for (var action : PanicAction.values()) {
            if (action.text().equals(text)) {
                return action;
            }
        }
        throw new IllegalStateException("no panic action " + text);
    }
}
