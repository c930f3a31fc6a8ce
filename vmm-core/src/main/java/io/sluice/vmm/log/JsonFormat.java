package io.sluice.vmm.log;

import io.sluice.vmm.trace.TraceRecord;
import java.time.Instant;
import java.util.Locale;

/// One JSON object a line, in ASCII: `time`, `level`, `item` (`message` for what the program says), `message`, `vm`,
/// `thread`.
///
/// Texts may hold anything a guest made up: control characters and what is not ASCII are escaped, halves of surrogate
/// pairs become U+FFFD, and a text longer than [#LONGEST] is cut.
record JsonFormat(String guest) implements RecordFormat {
    private static final int LONGEST = 1 << 16;

    @Override
    public String format(TraceRecord told) {
        var item = told.item();
        return object(
                told.time(),
                told.level(),
                item == null ? "message" : item.text(),
                told.text().stripTrailing(),
                told.thread());
    }

    @Override
    public String lost(long lines) {
        return object(
                Instant.now(),
                System.Logger.Level.WARNING,
                "message",
                TextFormat.lostText(lines),
                Thread.currentThread().getName());
    }

    private String object(Instant time, System.Logger.Level level, String item, String message, String thread) {
        var text = new StringBuilder(message.length() + 160).append("{\"time\":\"");
        text.append(TextFormat.timestamp(time)).append("\",\"level\":\"");
        text.append(level.name().toLowerCase(Locale.ROOT)).append('"');
        member(text, "item", item);
        member(text, "message", message);
        member(text, "vm", guest);
        member(text, "thread", thread);
        return text.append("}\n").toString();
    }

    private static void member(StringBuilder text, String name, String value) {
        text.append(",\"").append(name).append("\":\"");
        int length = Math.min(value.length(), LONGEST);
        for (int i = 0; i < length; i++) {
            i += append(text, value, i);
        }
        text.append('"');
    }

    /// Appends the character at `i`.
    ///
    /// @return 1 if it was the first half of a pair, and both are written; 0 otherwise
    private static int append(StringBuilder text, String value, int i) {
        char c = value.charAt(i);
        switch (c) {
            case '"' -> text.append("\\\"");
            case '\\' -> text.append("\\\\");
            case '\n' -> text.append("\\n");
            case '\t' -> text.append("\\t");
            default -> {
                if (c >= ' ' && c < 0x7F) {
                    text.append(c);
                } else if (Character.isHighSurrogate(c)
                        && i + 1 < value.length()
                        && Character.isLowSurrogate(value.charAt(i + 1))) {
                    unit(text, c);
                    unit(text, value.charAt(i + 1));
                    return 1;
                } else {
                    unit(text, Character.isSurrogate(c) ? '\uFFFD' : c);
                }
            }
        }
        return 0;
    }

    private static void unit(StringBuilder text, char c) {
        text.append("\\u");
        for (int shift = 12; shift >= 0; shift -= 4) {
            text.append(Character.forDigit(c >> shift & 0xF, 16));
        }
    }
}
