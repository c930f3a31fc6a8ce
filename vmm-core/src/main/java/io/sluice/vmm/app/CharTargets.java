package io.sluice.vmm.app;

import io.sluice.vmm.gdb.GdbTarget;
import io.sluice.vmm.machine.CharTarget;
import io.sluice.vmm.machine.Q35Map;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Reads `-serial` and `-debugcon`.
final class CharTargets {
    private static final String KNOWN = "; use stdio, mon:stdio, file:PATH, null or none";

    private final Options options;

    CharTargets(Options options) {
        this.options = options;
    }

    /// The serial ports, COM1 first. Nobody said anything: COM1 is the terminal, with Ctrl-C going to the guest.
    List<CharTarget> serial() {
        var targets = new ArrayList<CharTarget>();
        for (var text : options.all(Option.SERIAL)) {
            targets.add(target("-serial", text));
        }
        if (targets.size() > Q35Map.SERIAL_COUNT) {
            throw new UsageException("-serial: there are " + Q35Map.SERIAL_COUNT + " serial ports, not "
                    + targets.size() + "; leave some out");
        }
        if (targets.isEmpty() && !options.has(Option.NODEFAULTS)) {
            boolean taken = debugConsole() instanceof CharTarget.Stdio
                    || GdbOptions.read(options) instanceof GdbTarget.Stdio
                    || new MonitorOptions(options).useStdio();
            targets.add(taken ? new CharTarget.Discard() : new CharTarget.Stdio(false));
        }
        refuseSharedStdio(targets);
        return targets;
    }

    /// What takes the bytes of port 0xE9, if the port is there.
    @Nullable
    CharTarget debugConsole() {
        var text = options.last(Option.DEBUGCON);
        if (text == null) {
            return null;
        }
        var target = target("-debugcon", text);
        return target instanceof CharTarget.Absent ? null : target;
    }

    private void refuseSharedStdio(List<CharTarget> serial) {
        long users = Stream.concat(serial.stream(), Stream.ofNullable(debugConsole()))
                .filter(CharTarget.Stdio.class::isInstance)
                .count();
        if (users > (new MonitorOptions(options).useStdio() ? 0 : 1)) {
            throw new UsageException("stdio can serve one port only; give the others file:PATH or null");
        }
    }

    private static CharTarget target(String option, String text) {
        return switch (text) {
            case "stdio" -> new CharTarget.Stdio(true);
            case "mon:stdio" -> new CharTarget.Stdio(false);
            case "null", "/dev/null" -> new CharTarget.Discard();
            case "none" -> new CharTarget.Absent();
            default -> file(option, text);
        };
    }

    private static CharTarget file(String option, String text) {
        if (!text.startsWith("file:") || text.length() == "file:".length()) {
            throw new UsageException(option + " " + text + ": no such target" + KNOWN);
        }
        var values = KeyValues.parse(option, text.substring("file:".length()), "path");
        values.allow(Set.of("path", "append"));
        return new CharTarget.File(
                Path.of(values.get("path", "")), values.get("append", "off").equals("on"));
    }
}
