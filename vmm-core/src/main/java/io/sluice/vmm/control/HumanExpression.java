package io.sluice.vmm.control;

import java.util.OptionalLong;
import java.util.function.Function;

/// An expression of numbers, characters and registers in 64 bits. From the loosest: `+ -`, then `& | ^`, then
/// `* / %`, then `+ - ~` before an operand and parentheses; equals from left to right.
final class HumanExpression {
    /// Parentheses and signs within one another: more is nobody's meaning.
    private static final int DEEPEST = 200;

    private final String line;
    private final Function<String, OptionalLong> registers;
    private int position;
    private int depth;

    HumanExpression(String line, int position, Function<String, OptionalLong> registers) {
        this.line = line;
        this.position = position;
        this.registers = registers;
    }

    int position() {
        return position;
    }

    private char peek() {
        return position < line.length() ? line.charAt(position) : 0;
    }

    private void skipSpaces() {
        position = HumanLine.skipSpaces(line, position);
    }

    private void next() {
        position++;
        skipSpaces();
    }

    long read() {
        skipSpaces();
        return sum();
    }

    private long sum() {
        long value = logic();
        while (peek() == '+' || peek() == '-') {
            char operator = peek();
            next();
            long other = logic();
            value = operator == '+' ? value + other : value - other;
        }
        return value;
    }

    private long logic() {
        long value = product();
        while (peek() == '&' || peek() == '|' || peek() == '^') {
            char operator = peek();
            next();
            long other = product();
            value = switch (operator) {
                case '&' -> value & other;
                case '|' -> value | other;
                default -> value ^ other;
            };
        }
        return value;
    }

    private long product() {
        long value = operand();
        while (peek() == '*' || peek() == '/' || peek() == '%') {
            char operator = peek();
            next();
            long other = operand();
            if (other == 0 && operator != '*') {
                throw new HumanException("division by zero");
            }
            value = switch (operator) {
                case '*' -> value * other;
                case '/' -> value / other;
                default -> value % other;
            };
        }
        return value;
    }

    private long operand() {
        if (++depth > DEEPEST) {
            throw new HumanException("expression too deep");
        }
        if (position >= line.length()) {
            throw new HumanException("unexpected end of expression");
        }
        long value = switch (peek()) {
            case '+' -> {
                next();
                yield operand();
            }
            case '-' -> {
                next();
                yield -operand();
            }
            case '~' -> {
                next();
                yield ~operand();
            }
            case '(' -> parenthesis();
            case '\'' -> character();
            case '$' -> register();
            default -> number();
        };
        depth--;
        return value;
    }

    private long parenthesis() {
        next();
        long value = sum();
        if (peek() != ')') {
            throw new HumanException("')' expected");
        }
        next();
        return value;
    }

    private long character() {
        position++;
        if (position >= line.length()) {
            throw new HumanException("character constant expected");
        }
        long value = peek();
        position++;
        if (peek() != '\'') {
            throw new HumanException("missing terminating ' character");
        }
        next();
        return value;
    }

    private long register() {
        int start = ++position;
        while (isNamePart(peek())) {
            position++;
        }
        var value = registers.apply(line.substring(start, position));
        skipSpaces();
        return value.orElseThrow(() -> new HumanException("unknown register"));
    }

    private static boolean isNamePart(char letter) {
        return letter >= 'a' && letter <= 'z'
                || letter >= 'A' && letter <= 'Z'
                || letter >= '0' && letter <= '9'
                || letter == '_'
                || letter == '.';
    }

    /// As C writes it: `0x` hexadecimal, `0` octal, else decimal.
    private long number() {
        int radix = 10;
        if (peek() == '0') {
            boolean hex = position + 2 < line.length()
                    && (line.charAt(position + 1) | 0x20) == 'x'
                    && digit(line.charAt(position + 2), 16) >= 0;
            radix = hex ? 16 : 8;
            position += hex ? 2 : 0;
        }
        int start = position;
        while (digit(peek(), radix) >= 0) {
            position++;
        }
        if (position == start) {
            throw new HumanException("invalid char '" + peek() + "' in expression");
        }
        long value = parse(start, radix);
        skipSpaces();
        return value;
    }

    private long parse(int start, int radix) {
        try {
            return Long.parseUnsignedLong(line, start, position, radix);
        } catch (NumberFormatException e) {
            throw new HumanException("number too large");
        }
    }

    /// ASCII digits only.
    private static int digit(char letter, int radix) {
        return letter < 0x80 ? Character.digit(letter, radix) : -1;
    }
}
