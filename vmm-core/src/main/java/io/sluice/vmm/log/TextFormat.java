package io.sluice.vmm.log;

import io.sluice.vmm.trace.TraceRecord;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;

/// Lines for people: items as they are told, messages as `[TIME ][GUEST ]sluice: TEXT`.
///
/// What a guest can put into a message reaches a terminal: control characters are written `\xNN`.
///
/// @param timestamp whether messages begin with the time (`-msg timestamp=on`)
/// @param guest what messages name before the program, if anything (`-msg guest-name=on`)
record TextFormat(boolean timestamp, @Nullable String guest) implements RecordFormat {
    private static final DateTimeFormatter ISO =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

    @Override
    public String format(TraceRecord told) {
        if (told.item() != null) {
            return told.text().endsWith("\n") ? told.text() : told.text() + "\n";
        }
        return message(told.time(), told.level(), told.text());
    }

    @Override
    public String lost(long lines) {
        return message(Instant.now(), System.Logger.Level.WARNING, lostText(lines));
    }

    static String lostText(long lines) {
        return "log: " + lines + " records were dropped: they are not read fast enough";
    }

    /// UTC with microseconds, as ISO 8601 has it.
    static String timestamp(Instant time) {
        return ISO.format(time);
    }

    private String message(Instant time, System.Logger.Level level, String words) {
        var text = new StringBuilder(words.length() + 48);
        if (timestamp) {
            text.append(timestamp(time)).append(' ');
        }
        if (guest != null) {
            appendPlain(text, guest);
            text.append(' ');
        }
        text.append(level == System.Logger.Level.WARNING ? "sluice: warning: " : "sluice: ");
        appendPlain(text, words);
        return text.append('\n').toString();
    }

    private static void appendPlain(StringBuilder text, String words) {
        for (int i = 0; i < words.length(); i++) {
            char c = words.charAt(i);
            if (Character.isISOControl(c) && c != '\t') {
                text.append(String.format("\\x%02x", (int) c));
            } else {
                text.append(c);
            }
        }
    }
}
