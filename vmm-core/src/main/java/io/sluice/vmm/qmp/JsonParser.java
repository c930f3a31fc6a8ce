package io.sluice.vmm.qmp;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Makes a value of the tokens of one message. The stream has bounded their depth, so recursion is safe.
final class JsonParser {
    /// What a token costs as part of a value, about.
    private static final int BYTES_PER_TOKEN = 48;

    private static final int LONG_DIGITS = 18;
    private static final BigInteger MAX_UNSIGNED =
            BigInteger.ONE.shiftLeft(Long.SIZE).subtract(BigInteger.ONE);

    private final TokenList tokens;
    private int next;

    JsonParser(TokenList tokens) {
        this.tokens = tokens;
    }

    Input parse() {
        next = 0;
        try {
            long bytes = tokens.length() + BYTES_PER_TOKEN * (long) tokens.count();
            return new Input.Value(wrap(value()), bytes);
        } catch (Malformed e) {
            return new Input.Garbage("JSON parse error, " + e.getMessage());
        }
    }

    @SuppressWarnings("unchecked") // The keys of what object() makes are strings.
    private static @Nullable Object wrap(@Nullable Object value) {
        if (value instanceof Map<?, ?> map) {
            return new JsonObject((Map<String, Object>) map);
        }
        return value instanceof List<?> list ? new JsonArray(list) : value;
    }

    private @Nullable Object value() {
        byte kind = peek();
        return switch (kind) {
            case '{' -> object();
            case '[' -> array();
            case '"', '\'' -> string();
            case '}', ']', ',', ':' -> throw new Malformed("expecting value");
            default -> kind >= 'a' && kind <= 'z' ? word() : number();
        };
    }

    private Map<String, @Nullable Object> object() {
        next++;
        var map = new LinkedHashMap<String, @Nullable Object>();
        if (peek() == '}') {
            next++;
            return map;
        }
        pair(map);
        byte kind = peek();
        while (kind != '}') {
            separator(kind, "expected separator in dict");
            pair(map);
            kind = peek();
        }
        next++;
        return map;
    }

    private void pair(Map<String, @Nullable Object> map) {
        if (!(value() instanceof String key)) {
            throw new Malformed("key is not a string in object");
        }
        if (peek() != ':') {
            throw new Malformed("missing : in object pair");
        }
        next++;
        var value = value();
        if (map.containsKey(key)) {
            throw new Malformed("duplicate key");
        }
        map.put(key, value);
    }

    private List<@Nullable Object> array() {
        next++;
        var list = new ArrayList<@Nullable Object>();
        if (peek() == ']') {
            next++;
            return list;
        }
        list.add(value());
        byte kind = peek();
        while (kind != ']') {
            separator(kind, "expected separator in list");
            list.add(value());
            kind = peek();
        }
        next++;
        return list;
    }

    private void separator(byte kind, String error) {
        if (kind != ',') {
            throw new Malformed(error);
        }
        next++;
    }

    private @Nullable Object word() {
        var text = text();
        return switch (text) {
            case "true" -> Boolean.TRUE;
            case "false" -> Boolean.FALSE;
            case "null" -> null;
            default -> throw new Malformed("invalid keyword '" + text + "'");
        };
    }

    /// A signed number of 64 bits if it fits, an unsigned one if that fits, else a double.
    private Object number() {
        var text = text();
        boolean integer = text.indexOf('.') < 0 && text.indexOf('e') < 0 && text.indexOf('E') < 0;
        if (integer && text.length() <= LONG_DIGITS) {
            return Long.parseLong(text);
        }
        if (integer && text.length() <= 2 + LONG_DIGITS) {
            var big = new BigInteger(text);
            if (big.bitLength() < Long.SIZE) {
                return big.longValue();
            }
            if (big.signum() > 0 && big.compareTo(MAX_UNSIGNED) <= 0) {
                return big;
            }
        }
        double number = Double.parseDouble(text);
        if (Double.isInfinite(number)) {
            throw new Malformed("number out of range");
        }
        return number;
    }

    private String text() {
        var text = Utf8.ascii(tokens.bytes(), tokens.start(next), tokens.end(next));
        next++;
        return text;
    }

    private String string() {
        int from = tokens.start(next) + 1;
        int end = tokens.end(next) - 1;
        next++;
        var bytes = tokens.bytes();
        for (int i = from; i < end; i++) {
            if (bytes[i] < 0 || bytes[i] == '\\') {
                return JsonStrings.decode(bytes, from, end);
            }
        }
        return Utf8.ascii(bytes, from, end);
    }

    private byte peek() {
        if (next == tokens.count()) {
            throw new Malformed("premature EOI");
        }
        return tokens.bytes()[tokens.start(next)];
    }

    /// The message is no value; never leaves the parser.
    static final class Malformed extends RuntimeException {
        private static final long serialVersionUID = 1;

        Malformed(String message) {
            super(message, null, false, false);
        }
    }
}
