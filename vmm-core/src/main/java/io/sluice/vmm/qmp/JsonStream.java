package io.sluice.vmm.qmp;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// Cuts a stream of bytes into messages of QMP's dialect of JSON, however the bytes arrive.
///
/// As QEMU does it: a message ends when its braces and brackets are balanced, or cannot be any more; strings may have
/// single quotes; a byte that fits nowhere drops the message and everything up to the next control byte or structural
/// character. Each bad message is one error.
final class JsonStream {
    static final int MAX_DEPTH = 1024;

    private static final int SHOWN = 256;

    private enum State {
        START,
        STRING,
        ESCAPED,
        SIGN,
        ZERO,
        DIGITS,
        POINT,
        FRACTION,
        EXPONENT,
        EXPONENT_SIGN,
        EXPONENT_DIGITS,
        WORD,
        /// After a byte that fits nowhere.
        RECOVERY
    }

    private final TokenList tokens;
    private final JsonParser parser;
    private State state = State.START;
    private byte quote;
    private int braces;
    private int brackets;
    private @Nullable Input message;

    JsonStream(InputBudget budget) {
        tokens = new TokenList(budget);
        parser = new JsonParser(tokens);
    }

    /// Reads until a message is complete, or all is read.
    ///
    /// @return where it stopped; [#take] has the message if that is before `end`, and perhaps if it is not
    int read(byte[] in, int from, int end) {
        int at = from;
        while (at < end && message == null) {
            at = switch (state) {
                case START -> start(in, at, end);
                case STRING -> string(in, at, end);
                case ESCAPED -> escaped(in, at);
                case RECOVERY -> recover(in, at, end);
                default -> longer(in, at);
            };
        }
        return at;
    }

    /// The message that is complete; null if none is.
    @Nullable
    Input take() {
        var taken = message;
        message = null;
        return taken;
    }

    /// Gives all memory back; nothing is read any more.
    void close() {
        tokens.release();
    }

    // ---- bytes to tokens

    private int start(byte[] in, int from, int end) {
        int at = from;
        while (at < end && isSpace(in[at])) {
            at++;
        }
        if (at == end) {
            return at;
        }
        byte c = in[at];
        if (isStructural(c)) {
            if (append(in, at, at + 1)) {
                structural(c);
            }
            return at + 1;
        }
        var next = first(c);
        if (next == State.RECOVERY) {
            return stray(in, at);
        }
        state = next;
        quote = c;
        append(in, at, at + 1);
        return at + 1;
    }

    private static State first(byte c) {
        if (c == '"' || c == '\'') {
            return State.STRING;
        }
        if (c == '0') {
            return State.ZERO;
        }
        if (isDigit(c)) {
            return State.DIGITS;
        }
        if (c == '-') {
            return State.SIGN;
        }
        return isSmall(c) ? State.WORD : State.RECOVERY;
    }

    private int string(byte[] in, int from, int end) {
        int at = from;
        while (at < end && in[at] != quote && in[at] != '\\' && !isForbidden(in[at])) {
            at++;
        }
        if (at == end || !isForbidden(in[at])) {
            int taken = at == end ? at : at + 1;
            if (append(in, from, taken) && at < end) {
                if (in[at] == quote) {
                    ended();
                } else {
                    state = State.ESCAPED;
                }
            }
            return taken;
        }
        return append(in, from, at) ? stray(in, at) : at;
    }

    private int escaped(byte[] in, int at) {
        if (isForbidden(in[at])) {
            return stray(in, at);
        }
        state = State.STRING;
        append(in, at, at + 1);
        return at + 1;
    }

    /// One byte of a number or a word, or the one after it.
    private int longer(byte[] in, int at) {
        byte c = in[at];
        var next = next(state, c);
        if (next == State.RECOVERY) {
            return stray(in, at);
        }
        if (next == State.START) {
            ended();
            return at; // the byte is the next token's
        }
        state = next;
        append(in, at, at + 1);
        return at + 1;
    }

    /// [State#START] says that the token has ended before this byte.
    private static State next(State state, byte c) {
        return switch (state) {
            case SIGN -> c == '0' ? State.ZERO : isDigit(c) ? State.DIGITS : State.RECOVERY;
            case ZERO -> c == '.' ? State.POINT : isDigit(c) ? State.RECOVERY : after(c);
            case DIGITS -> isDigit(c) ? State.DIGITS : c == '.' ? State.POINT : exponentOrEnd(c);
            case POINT -> isDigit(c) ? State.FRACTION : State.RECOVERY;
            case FRACTION -> isDigit(c) ? State.FRACTION : exponentOrEnd(c);
            case EXPONENT ->
                c == '+' || c == '-' ? State.EXPONENT_SIGN : isDigit(c) ? State.EXPONENT_DIGITS : State.RECOVERY;
            case EXPONENT_SIGN -> isDigit(c) ? State.EXPONENT_DIGITS : State.RECOVERY;
            case EXPONENT_DIGITS -> isDigit(c) ? State.EXPONENT_DIGITS : after(c);
            case WORD -> isSmall(c) ? State.WORD : after(c);
            case START, STRING, ESCAPED, RECOVERY -> throw new IllegalStateException("not within a number or word");
        };
    }

    private static State exponentOrEnd(byte c) {
        return c == 'e' || c == 'E' ? State.EXPONENT : after(c);
    }

    /// ASCII ends a number or word; anything else fits nowhere.
    private static State after(byte c) {
        return c >= 0 ? State.START : State.RECOVERY;
    }

    private int recover(byte[] in, int from, int end) {
        int at = from;
        while (at < end && !isReset(in[at])) {
            at++;
        }
        if (at < end) {
            state = State.START;
        }
        return at;
    }

    private boolean append(byte[] in, int from, int end) {
        if (!tokens.append(in, from, end)) {
            refuse("JSON token size limit exceeded", State.RECOVERY);
            return false;
        }
        return true;
    }

    /// A byte that fits nowhere ends everything that was begun.
    private int stray(byte[] in, int at) {
        int start = tokens.pending();
        int length = Math.min(tokens.length() - start, SHOWN);
        var text = new StringBuilder(Utf8.lenient(tokens.bytes(), start, start + length));
        if (in[at] != 0) {
            text.append(Utf8.lenient(in, at, at + 1));
        }
        refuse("JSON parse error, stray '" + text + "'", State.RECOVERY);
        return at + 1;
    }

    // ---- tokens to messages

    private void structural(byte c) {
        switch (c) {
            case '{' -> braces++;
            case '}' -> braces--;
            case '[' -> brackets++;
            case ']' -> brackets--;
            default -> {
                // a comma or colon nests nothing
            }
        }
        ended();
    }

    private void ended() {
        state = State.START;
        if (!tokens.end()) {
            refuse("JSON token count limit exceeded", State.START);
        } else if (braces < 0 || brackets < 0 || (braces == 0 && brackets == 0)) {
            message = parser.parse();
            reset();
        } else if (braces + brackets > MAX_DEPTH) {
            refuse("JSON nesting depth limit exceeded", State.START);
        }
    }

    private void refuse(String error, State next) {
        message = new Input.Garbage(error);
        reset();
        state = next;
    }

    private void reset() {
        braces = 0;
        brackets = 0;
        tokens.clear();
    }

    // ---- kinds of bytes

    private static boolean isSpace(byte c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
    }

    private static boolean isDigit(byte c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isSmall(byte c) {
        return c >= 'a' && c <= 'z';
    }

    private static boolean isStructural(byte c) {
        return c == '{' || c == '}' || c == '[' || c == ']' || c == ',' || c == ':';
    }

    /// Never within a string: control bytes, 0xFE and 0xFF.
    private static boolean isForbidden(byte c) {
        return (c >= 0 && c < ' ') || (c & 0xFF) >= 0xFE;
    }

    private static boolean isReset(byte c) {
        return isForbidden(c) || isStructural(c);
    }

    /// For tests and for options that are written in JSON: the one value of a text.
    static Input whole(String text) {
        var stream = new JsonStream(InputBudget.ofHeap());
        var bytes = (text + "\n").getBytes(StandardCharsets.UTF_8);
        int at = stream.read(bytes, 0, bytes.length);
        var value = stream.take();
        stream.read(bytes, at, bytes.length);
        if (value == null || stream.take() != null) {
            return value instanceof Input.Garbage ? value : new Input.Garbage("JSON parse error, expecting value");
        }
        return value;
    }
}
