package io.sluice.vmm.app;

import io.sluice.vmm.machine.MachineConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Makes a [MachineConfig] of options, or refuses them.
final class ConfigReader {
    private static final UUID NO_UUID = new UUID(0, 0);
    private static final int FW_CFG_NAME_LENGTH = 55;
    private static final long FW_CFG_LIMIT = 64L << 20;

    private final Options options;

    private ConfigReader(Options options) {
        this.options = options;
    }

    /// A machine that boots what `-kernel` names.
    static MachineConfig read(Options options) {
        var kernel = options.last(Option.KERNEL);
        if (kernel == null) {
            for (var option : List.of(Option.INITRD, Option.APPEND)) {
                if (options.has(option)) {
                    throw new UsageException(option.text() + ": only allowed with -kernel");
                }
            }
            throw new UsageException(
                    "nothing to boot: say -kernel FILE, or 'sluice boot' for a ready-made guest ('sluice images')");
        }
        var reader = new ConfigReader(options);
        var initrd = options.last(Option.INITRD);
        return reader.machine(
                reader.file(Option.KERNEL, kernel),
                initrd == null ? null : reader.path(Option.INITRD, initrd),
                String.valueOf(options.has(Option.APPEND) ? options.last(Option.APPEND) : ""));
    }

    /// A machine that boots an image of the catalogue. What `-append` says is added to the image's own command line,
    /// so it wins wherever the kernel takes the last of equal parameters.
    static MachineConfig read(Options options, Path kernel, @Nullable Path initrd, String append) {
        var line = new StringBuilder(append);
        for (var more : options.all(Option.APPEND)) {
            line.append(line.isEmpty() || more.isEmpty() ? "" : " ").append(more);
        }
        return new ConfigReader(options).machine(kernel, initrd, line.toString());
    }

    private MachineConfig machine(Path kernel, @Nullable Path initrd, String append) {
        refuseWhatIsNotThere();
        var board = new BoardOptions(options);
        board.check();
        new MonitorOptions(options).endpoints(); // refuses what is no control socket
        var targets = new CharTargets(options);
        return new MachineConfig(
                LogOptions.guest(options).orElse("sluice"),
                uuid(),
                board.memoryBytes(),
                board.cpus(),
                new MachineConfig.Boot(kernel, initrd, append, board.decompress()),
                targets.serial(),
                targets.debugConsole(),
                parts(Option.DEVICE),
                parts(Option.OBJECT),
                firmwareFiles(),
                rtc(),
                new LifeOptions(options).read(),
                new LogOptions(options).log(),
                new DriveOptions(options).read());
    }

    private void refuseWhatIsNotThere() {
        for (var option : List.of(
                Option.DISPLAY, Option.VNC, Option.VGA, Option.NET, Option.NIC, Option.PARALLEL, Option.MONITOR)) {
            for (var value : options.all(option)) {
                if (!Set.of("none", "null", "/dev/null").contains(value)) {
                    throw new UsageException(
                            option.text() + " " + value + ": there is none; use " + option.text() + " none");
                }
            }
        }
    }

    private UUID uuid() {
        var text = options.last(Option.UUID);
        if (text == null) {
            return NO_UUID;
        }
        if (!text.matches("\\p{XDigit}{8}(-\\p{XDigit}{4}){3}-\\p{XDigit}{12}")) {
            throw new UsageException("-uuid " + text + ": not a UUID");
        }
        return UUID.fromString(text);
    }

    private List<MachineConfig.Part> parts(Option option) {
        var key = option == Option.DEVICE ? "driver" : "qom-type";
        var parts = new ArrayList<MachineConfig.Part>();
        for (var text : options.all(option)) {
            var values = KeyValues.parse(option.text(), text, key);
            var type = values.get(key);
            if (type == null || type.isEmpty()) {
                throw new UsageException(option.text() + " " + text + ": Parameter '" + key + "' is missing");
            }
            parts.add(new MachineConfig.Part(type, values.without(key)));
        }
        return parts;
    }

    private List<MachineConfig.FwCfgFile> firmwareFiles() {
        var files = new ArrayList<MachineConfig.FwCfgFile>();
        for (var text : options.all(Option.FW_CFG)) {
            var values = KeyValues.parse("-fw_cfg", text, "name");
            values.allow(Set.of("name", "file", "string"));
            var name = values.get("name", "");
            if (name.isEmpty() || name.length() > FW_CFG_NAME_LENGTH) {
                throw new UsageException(
                        "-fw_cfg " + text + ": the name has 1 to " + FW_CFG_NAME_LENGTH + " characters");
            }
            if (values.has("file") == values.has("string")) {
                throw new UsageException("-fw_cfg " + text + ": say either file=PATH or string=TEXT");
            }
            files.add(new MachineConfig.FwCfgFile(name, content(values)));
        }
        return files;
    }

    private byte[] content(KeyValues values) {
        var string = values.get("string");
        if (string != null) {
            return string.getBytes(StandardCharsets.UTF_8);
        }
        var path = file(Option.FW_CFG, values.get("file", ""));
        try {
            if (Files.size(path) > FW_CFG_LIMIT) {
                throw new UsageException("-fw_cfg " + path + ": larger than 64M");
            }
            return Files.readAllBytes(path);
        } catch (IOException e) {
            throw new UsageException("-fw_cfg " + path + ": cannot be read");
        }
    }

    private MachineConfig.Rtc rtc() {
        var text = options.last(Option.RTC);
        if (text == null) {
            return new MachineConfig.Rtc(0);
        }
        var values = KeyValues.parse("-rtc", text, "base");
        values.allow(Set.of("base", "clock", "driftfix"));
        if (!values.get("clock", "host").equals("host")) {
            throw new UsageException("-rtc clock=" + values.get("clock") + ": only clock=host is there");
        }
        return new MachineConfig.Rtc(secondsFromUtc(values.get("base", "utc"), Instant.now()));
    }

    private static long secondsFromUtc(String base, Instant now) {
        if (base.equals("utc")) {
            return 0;
        }
        if (base.equals("localtime")) {
            return ZoneId.systemDefault().getRules().getOffset(now).getTotalSeconds();
        }
        try {
            var moment = base.contains("T")
                    ? LocalDateTime.parse(base)
                    : LocalDate.parse(base).atStartOfDay();
            return moment.toEpochSecond(ZoneOffset.UTC) - now.getEpochSecond();
        } catch (DateTimeException e) {
            throw new UsageException("-rtc base=" + base + ": use utc, localtime, or a date as 2026-01-31T12:00:00");
        }
    }

    /// A file that has to be there and readable.
    private Path file(Option option, String text) {
        var path = path(option, text);
        if (!Files.isReadable(path)) {
            throw new UsageException(
                    option.text() + " " + text + (Files.exists(path) ? ": cannot be read" : ": no such file"));
        }
        if (Files.isDirectory(path)) {
            throw new UsageException(option.text() + " " + text + ": is a directory");
        }
        return path;
    }

    private Path path(Option option, String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new UsageException(option.text() + " " + text + ": not a file name");
        }
    }
}
