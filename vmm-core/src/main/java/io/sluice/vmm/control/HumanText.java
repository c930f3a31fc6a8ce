package io.sluice.vmm.control;

import java.util.Locale;

/// What a command prints: lines that end in CR LF, and no more of them than a monitor's client can bear.
final class HumanText {
    /// Characters after which nothing more is taken.
    static final int LIMIT = 4 << 20;

    private static final String CUT = "(cut: the text is longer than 4 MiB)\n";

    private final StringBuilder text = new StringBuilder();
    private boolean cut;

    /// Takes no more: whoever prints a lot may stop.
    boolean isFull() {
        return cut;
    }

    /// `format` as [String#format] has it, with `\n` for the end of a line.
    HumanText print(String format, Object... values) {
        return add(String.format(Locale.ROOT, format, values));
    }

    HumanText add(String what) {
        if (!cut) {
            text.append(what);
            cut = text.length() > LIMIT;
        }
        return this;
    }

    HumanText line(String what) {
        return add(what).add("\n");
    }

    @Override
    public String toString() {
        var whole = new StringBuilder(text);
        if (cut) {
            // The last line may be half a line, or half of very much.
            whole.setLength(LIMIT);
            whole.setLength(whole.lastIndexOf("\n") + 1);
            whole.append(CUT);
        }
        return whole.toString().replace("\n", "\r\n");
    }
}
