package io.sluice.vmm.app;

import io.sluice.vmm.machine.MachineConfig;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Reads `-drive`.
final class DriveOptions {
    /// Parameters that say how an image is used; each has values that mean what is done here, and is accepted with
    /// those.
    private static final Map<String, Set<String>> ACCEPTED = Map.of(
            "if", Set.of("none"),
            "format", Set.of("raw"),
            "media", Set.of("disk"),
            "cache", Set.of("writeback"),
            "aio", Set.of("threads"),
            "discard", Set.of("unmap", "on"),
            "detect-zeroes", Set.of("off"),
            "snapshot", Set.of("off"));

    static final List<String> PARAMETERS = List.of(
            "file", "if", "id", "format", "readonly", "media", "cache", "aio", "discard", "detect-zeroes", "snapshot");

    private final Options options;

    DriveOptions(Options options) {
        this.options = options;
    }

    List<MachineConfig.Drive> read() {
        var drives = new ArrayList<MachineConfig.Drive>();
        for (var text : options.all(Option.DRIVE)) {
            drives.add(drive(text));
        }
        return drives;
    }

    private static MachineConfig.Drive drive(String text) {
        var values = KeyValues.parse("-drive", text, "file");
        values.allow(Set.copyOf(PARAMETERS));
        ACCEPTED.forEach((name, allowed) -> check(text, values, name, allowed));
        if (!values.has("if")) {
            throw new UsageException("-drive " + text + ": only if=none is there; say if=none and give the drive to a"
                    + " -device by its id");
        }
        var id = values.get("id", "");
        if (!id.matches("[A-Za-z][A-Za-z0-9._-]*")) {
            throw new UsageException("-drive " + text + ": Parameter 'id' expects an identifier");
        }
        var file = values.get("file", "");
        if (file.isEmpty()) {
            throw new UsageException("-drive " + text + ": Parameter 'file' is missing");
        }
        return new MachineConfig.Drive(id, path(text, file), readOnly(text, values));
    }

    private static void check(String text, KeyValues values, String name, Set<String> allowed) {
        var value = values.get(name);
        if (value != null && !allowed.contains(value)) {
            throw new UsageException("-drive " + text + ": " + name + "=" + value + " is not there; use " + name + "="
                    + allowed.stream().sorted().findFirst().orElseThrow());
        }
    }

    private static boolean readOnly(String text, KeyValues values) {
        return switch (values.get("readonly", "off")) {
            case "on", "yes", "true", "y" -> true;
            case "off", "no", "false", "n" -> false;
            default -> throw new UsageException("-drive " + text + ": Parameter 'readonly' expects 'on' or 'off'");
        };
    }

    private static Path path(String text, String file) {
        try {
            return Path.of(file);
        } catch (InvalidPathException e) {
            throw new UsageException("-drive " + text + ": not a file name");
        }
    }
}
