package io.sluice.vmm.plugin;

import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// One property of a device or object type, as `NAME,help` lists it.
///
/// @param standard what holds if the user says nothing; null if then nothing holds
public record Property(
        String name,
        Kind kind,
        String description,
        @Nullable String standard) {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,18})([bkmgtpeBKMGTPE]?)");

    /// The type of a property, with QEMU's word for it.
    public enum Kind {
        BOOL("bool"),
        UINT8("uint8"),
        UINT16("uint16"),
        INT32("int32"),
        UINT32("uint32"),
        UINT64("uint64"),
        SIZE("size"),
        STRING("str"),
        ON_OFF_AUTO("OnOffAuto");

        private final String word;

        Kind(String word) {
            this.word = word;
        }

        /// QEMU's word for it.
        public String word() {
            return word;
        }
    }

    public static Property bool(String name, String description, boolean standard) {
        return new Property(name, Kind.BOOL, description, Boolean.toString(standard));
    }

    public static Property string(String name, String description) {
        return new Property(name, Kind.STRING, description, null);
    }

    /// What the property is if the user gives `text`, which has been checked; null if he gives nothing.
    Setting setting(@Nullable String text) {
        var held = text != null ? text : standard;
        return new Setting(name, kind.word, held == null ? "" : value(held));
    }

    /// One line of help.
    String help() {
        var line = new StringBuilder(String.format("  %-22s", name + "=<" + kind.word + ">"));
        if (!description.isEmpty() || standard != null) {
            line.append(" - ").append(description);
        }
        if (standard != null) {
            var mark = kind == Kind.ON_OFF_AUTO ? "\"" : "";
            line.append(" (default: ")
                    .append(mark)
                    .append(standard)
                    .append(mark)
                    .append(')');
        }
        return line.toString().stripTrailing();
    }

    /// @throws PluginException if `text` is no value of this property
    void check(String text) {
        value(text);
    }

    /// What `text` says: a [Boolean], a [Long] (of UINT64 its 64 bits), a [String].
    ///
    /// @throws PluginException if it is no value of this property
    public Object value(String text) {
        return switch (kind) {
            case BOOL -> parseBool(name, text);
            case UINT8 -> parseNumber(name, text, 0, 0xFF);
            case UINT16 -> parseNumber(name, text, 0, 0xFFFF);
            case INT32 -> parseNumber(name, text, Integer.MIN_VALUE, Integer.MAX_VALUE);
            case UINT32 -> parseNumber(name, text, 0, 0xFFFF_FFFFL);
            case UINT64 -> parseUnsigned(name, text);
            case SIZE -> parseSize(name, text);
            case STRING -> text;
            case ON_OFF_AUTO -> parseOnOffAuto(name, text);
        };
    }

    static boolean parseBool(String name, String text) {
        return switch (text) {
            case "on", "yes", "true", "y" -> true;
            case "off", "no", "false", "n" -> false;
            default -> throw new PluginException("Parameter '" + name + "' expects 'on' or 'off'");
        };
    }

    private static String parseOnOffAuto(String name, String text) {
        return switch (text) {
            case "on", "off", "auto" -> text;
            default -> throw new PluginException("Parameter '" + name + "' does not accept value '" + text + "'");
        };
    }

    static long parseNumber(String name, String text, long least, long most) {
        long value;
        try {
            value = Long.decode(text);
        } catch (NumberFormatException e) {
            throw new PluginException("Parameter '" + name + "' expects integer", e);
        }
        if (value < least || value > most) {
            throw new PluginException("Parameter '" + name + "' expects integer");
        }
        return value;
    }

    static long parseUnsigned(String name, String text) {
        try {
            return text.toLowerCase(Locale.ROOT).startsWith("0x")
                    ? Long.parseUnsignedLong(text.substring(2), 16)
                    : Long.parseUnsignedLong(text);
        } catch (NumberFormatException e) {
            throw new PluginException("Parameter '" + name + "' expects integer", e);
        }
    }

    static long parseSize(String name, String text) {
        var match = SIZE.matcher(text);
        if (!match.matches()) {
            throw new PluginException("Parameter '" + name
                    + "' expects a non-negative number below 2^64, with an optional suffix k, M, G, T, P or E");
        }
        var suffix = match.group(2).toLowerCase(Locale.ROOT);
        int shift = suffix.isEmpty() ? 0 : 10 * "bkmgtpe".indexOf(suffix);
        long value = Long.parseLong(match.group(1));
        if (value << shift >>> shift != value || value << shift < 0) {
            throw new PluginException("Parameter '" + name + "' is too large");
        }
        return value << shift;
    }
}
