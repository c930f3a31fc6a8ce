package io.sluice.vmm.app;

import io.sluice.vmm.qapi.Release;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What the program says about itself.
final class HelpText {
    private static final int COLUMN = 34;

    private HelpText() {}

    static String version() {
        return "sluice " + Release.number() + "\n";
    }

    static String usage() {
        var text = new StringBuilder();
        text.append("usage: sluice boot [IMAGE] [options]   boots a guest of the catalogue\n");
        text.append("       sluice images                   lists the catalogue\n");
        text.append("       sluice [options]                runs a machine, as qemu-system-x86_64 would\n\n");
        text.append("options:\n");
        for (var option : Option.values()) {
            var left = option.argument() == null ? option.text() : option.text() + " " + option.argument();
            text.append(left);
            text.append(left.length() < COLUMN ? " ".repeat(COLUMN - left.length()) : "\n" + " ".repeat(COLUMN));
            text.append(option.description()).append('\n');
        }
        text.append("\nA comma inside a value is written twice.\n\n").append(keys());
        return text.toString();
    }

    /// The keys of the terminal.
    static String keys() {
        var text = new StringBuilder("On a terminal:\n");
        for (var key : EscapeKey.values()) {
            text.append("Ctrl-A ")
                    .append(key.label())
                    .append("    ")
                    .append(key.description())
                    .append('\n');
        }
        return text.toString();
    }

    /// The answer, if `value` is a question that `option` knows.
    static @Nullable Invocation answer(Option option, String value) {
        boolean asked = Set.of("help", "?").contains(value);
        return switch (option) {
            case MACHINE, M -> asked ? new Invocation.Show(BoardOptions.machineHelp()) : null;
            case CPU -> asked ? new Invocation.Show(BoardOptions.cpuHelp()) : null;
            case ACCEL -> asked ? new Invocation.Show(BoardOptions.accelHelp()) : null;
            case LOG -> asked ? new Invocation.Show(LogOptions.help()) : null;
            case DEVICE, OBJECT -> asked ? new Invocation.ListParts(option, null) : properties(option, value);
            case MEMORY,
                    SMP,
                    KERNEL,
                    INITRD,
                    APPEND,
                    SERIAL,
                    DEBUGCON,
                    DRIVE,
                    FW_CFG,
                    QMP,
                    QMP_PRETTY,
                    CHARDEV,
                    MON,
                    NAME,
                    UUID,
                    RTC,
                    NODEFAULTS,
                    NO_USER_CONFIG,
                    NOGRAPHIC,
                    DISPLAY,
                    VNC,
                    VGA,
                    NET,
                    NIC,
                    PARALLEL,
                    MONITOR,
                    NO_REBOOT,
                    NO_SHUTDOWN,
                    ACTION,
                    STOPPED,
                    GDB,
                    GDB_PORT,
                    LOG_FILE,
                    LOG_FILTER,
                    MESSAGES,
                    HELP,
                    H,
                    VERSION -> null;
        };
    }

    private static @Nullable Invocation properties(Option option, String value) {
        var values = KeyValues.parse(option.text(), value, "type");
        return values.has("help") || values.has("?") ? new Invocation.ListParts(option, values.get("type")) : null;
    }
}
