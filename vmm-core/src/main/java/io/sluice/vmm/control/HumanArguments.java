package io.sluice.vmm.control;

import java.util.OptionalLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// A command's arguments, read from left to right as QEMU's monitor reads them.
final class HumanArguments {
    private static final long INT32_BITS = 0xFFFF_FFFFL;

    private final String command;
    private final String line;
    private final Function<String, OptionalLong> registers;
    private int position;

    /// @param command the command's name for messages
    /// @param registers value of a register by its name without `$`
    HumanArguments(String command, String line, int position, Function<String, OptionalLong> registers) {
        this.command = command;
        this.line = line;
        this.position = position;
        this.registers = registers;
    }

    private char peek() {
        return position < line.length() ? line.charAt(position) : 0;
    }

    private void skipSpaces() {
        while (HumanLine.isSpace(peek())) {
            position++;
        }
    }

    boolean hasMore() {
        skipSpaces();
        return position < line.length();
    }

    /// Nothing may follow.
    void end() {
        if (hasMore()) {
            throw new HumanException(command + ": extraneous characters at the end of line");
        }
    }

    /// All that is left.
    String rest() {
        skipSpaces();
        var rest = line.substring(position);
        position = line.length();
        return rest;
    }

    /// One of the options that may come next, each as `-x`.
    ///
    /// @param letters all letters that the command knows
    /// @return whether `letter` comes next; then it has been taken
    boolean option(char letter, String letters) {
        skipSpaces();
        if (peek() != '-') {
            return false;
        }
        char given = position + 1 < line.length() ? line.charAt(position + 1) : 0;
        if (given == 0 || letters.indexOf(given) < 0) {
            throw new HumanException(command + ": unsupported option -" + (given == 0 ? "" : given));
        }
        if (given != letter) {
            return false;
        }
        position += 2;
        return true;
    }

    /// A word, or a text in double quotes; null if there is none.
    @Nullable
    String word() {
        skipSpaces();
        if (position >= line.length()) {
            return null;
        }
        if (peek() == '"') {
            return quoted();
        }
        int start = position;
        while (position < line.length() && !HumanLine.isSpace(peek())) {
            position++;
        }
        return line.substring(start, position);
    }

    /// The value behind an option, the only one that the command knows; null if it does not come next.
    @Nullable
    String valueOf(char letter) {
        if (!option(letter, String.valueOf(letter))) {
            return null;
        }
        var value = word();
        if (value == null) {
            throw new HumanException(command + ": value expected for -" + letter);
        }
        return value;
    }

    String filename() {
        var word = word();
        if (word == null) {
            throw new HumanException(command + ": filename expected");
        }
        return word;
    }

    String required() {
        var word = word();
        if (word == null) {
            throw new HumanException(command + ": string expected");
        }
        return word;
    }

    private @Nullable String quoted() {
        var text = new StringBuilder();
        for (position++; position < line.length(); position++) {
            char here = peek();
            if (here == '"') {
                position++;
                return text.toString();
            }
            if (here == '\\' && position + 1 < line.length()) {
                position++;
                text.append(
                        switch (peek()) {
                            case 'n' -> '\n';
                            case 'r' -> '\r';
                            case '\\', '\'', '"' -> peek();
                            default -> throw new HumanException("unsupported escape code: '\\" + peek() + "'");
                        });
            } else {
                text.append(here);
            }
        }
        return null;
    }

    long expression() {
        var expression = new HumanExpression(line, position, registers);
        long value = expression.read();
        position = expression.position();
        return value;
    }

    /// An expression whose value has 32 bits.
    int int32() {
        long value = expression();
        if ((value & ~INT32_BITS) != 0) {
            throw new HumanException("'" + command + "' has failed: integer is for 32-bit values");
        }
        return (int) value;
    }

    /// `/fmt`, or what was used last.
    HumanFormat format(HumanFormat last) {
        skipSpaces();
        if (peek() != '/') {
            return new HumanFormat(1, last.kind(), last.size());
        }
        position++;
        int count = peek() >= '0' && peek() <= '9' ? number() : 1;
        char kind = 0;
        int size = 0;
        while (position < line.length() && !HumanLine.isSpace(peek())) {
            char letter = line.charAt(position++);
            switch (letter) {
                case 'o', 'd', 'u', 'x', 'i', 'c' -> kind = letter;
                case 'b' -> size = 1;
                case 'h' -> size = 2;
                case 'w' -> size = 4;
                case 'g', 'L' -> size = 8;
                default -> throw new HumanException("invalid char in format: '" + letter + "'");
            }
        }
        char used = kind == 0 ? last.kind() : kind;
        return new HumanFormat(count, used, size == 0 || used == 'i' ? last.size() : size);
    }

    /// Decimal; what is too large for an `int` is the largest.
    private int number() {
        long value = 0;
        for (; peek() >= '0' && peek() <= '9'; position++) {
            value = Math.min(Integer.MAX_VALUE, value * 10 + (peek() - '0'));
        }
        return (int) value;
    }
}
