package io.sluice.vmm.qmp;

import io.sluice.vmm.qapi.QapiEnum;
import io.sluice.vmm.qapi.QapiType;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Writes messages into one array of bytes: ASCII only, each ended by CRLF, in QEMU's two layouts. Takes records,
/// their enumerations, maps, lists, Vert.x's values, strings, numbers, booleans and null.
final class JsonWriter {
    private static final int SMALL = 1024;
    private static final int KEPT = 64 << 10;
    private static final byte[] HEX = "0123456789ABCDEF".getBytes(StandardCharsets.US_ASCII);
    private static final String INDENT = "    ";

    private final boolean pretty;
    private byte[] bytes = new byte[SMALL];
    private int length;
    private int depth;

    /// Whether the object or array that is open has no member yet.
    private boolean first = true;

    JsonWriter(boolean pretty) {
        this.pretty = pretty;
    }

    byte[] bytes() {
        return bytes;
    }

    int length() {
        return length;
    }

    byte[] copy() {
        return Arrays.copyOf(bytes, length);
    }

    void clear() {
        length = 0;
        if (bytes.length > KEPT) {
            bytes = new byte[SMALL];
        }
    }

    /// Drops what was begun after `mark`, which was [#length] before a message.
    void rewind(int mark) {
        length = mark;
        depth = 0;
        first = true;
    }

    /// Messages that were written elsewhere.
    void append(byte[] from, int count) {
        ensure(count);
        System.arraycopy(from, 0, bytes, length, count);
        length += count;
    }

    // ---- structure

    JsonWriter open() {
        return begin((byte) '{');
    }

    JsonWriter close() {
        return finish((byte) '}');
    }

    /// The end of a message.
    void end() {
        line();
    }

    JsonWriter name(String name) {
        next();
        text(name);
        put((byte) ':');
        put((byte) ' ');
        return this;
    }

    JsonWriter member(String name, @Nullable Object value) {
        name(name);
        return value(value);
    }

    private JsonWriter begin(byte bracket) {
        put(bracket);
        depth++;
        first = true;
        return this;
    }

    private JsonWriter finish(byte bracket) {
        depth--;
        if (pretty) {
            indent();
        }
        first = false;
        put(bracket);
        return this;
    }

    /// Before a member.
    private void next() {
        if (!first) {
            put((byte) ',');
            if (!pretty) {
                put((byte) ' ');
            }
        }
        if (pretty) {
            indent();
        }
        first = false;
    }

    private void indent() {
        line();
        for (int i = 0; i < depth; i++) {
            ascii(INDENT);
        }
    }

    private void line() {
        put((byte) '\r');
        put((byte) '\n');
    }

    // ---- values

    JsonWriter value(@Nullable Object value) {
        switch (value) {
            case null -> ascii("null");
            case Json none -> ascii("null");
            case String text -> text(text);
            case Record r -> structure(r);
            case QapiEnum constant -> text(constant.text());
            case Boolean flag -> ascii(flag ? "true" : "false");
            case Double number -> ascii(Numbers.text(number));
            case Float number -> ascii(Numbers.text(number.doubleValue()));
            case BigInteger number -> ascii(number.toString());
            case Number number -> integer(number.longValue());
            case List<?> list -> list(list);
            case Map<?, ?> map -> map(map);
            case JsonObject object -> map(object.getMap());
            case JsonArray array -> list(array.getList());
            default -> throw new IllegalStateException("a value of " + value.getClass() + " has no form on the wire");
        }
        return this;
    }

    private void structure(Record value) {
        var type = QapiType.ofRecord(value.getClass());
        open();
        if (type.choice() != null) {
            member(type.choice().tag(), type.choice().value());
        }
        var fields = type.fields();
        for (int i = 0; i < fields.size(); i++) {
            var field = fields.get(i);
            var member = field.read(value);
            if (member != null) {
                member(field.name(), member);
            }
        }
        if (type.others() != null && type.others().read(value) instanceof Map<?, ?> others) {
            members(others);
        }
        close();
    }

    private void list(List<?> list) {
        begin((byte) '[');
        for (var element : list) {
            next();
            value(element);
        }
        finish((byte) ']');
    }

    private void map(Map<?, ?> map) {
        open();
        members(map);
        close();
    }

    private void members(Map<?, ?> map) {
        for (var entry : map.entrySet()) {
            member((String) entry.getKey(), entry.getValue());
        }
    }

    private void integer(long number) {
        if (number < 0) {
            ascii(Long.toString(number));
            return;
        }
        int digits = 1;
        for (long rest = number; rest >= 10; rest /= 10) {
            digits++;
        }
        ensure(digits);
        long rest = number;
        for (int i = length + digits - 1; i >= length; i--) {
            bytes[i] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        length += digits;
    }

    private void text(String text) {
        put((byte) '"');
        ensure(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= ' ' && c < 0x7F && c != '"' && c != '\\') {
                put((byte) c);
            } else {
                escape(c, text, i);
            }
        }
        put((byte) '"');
    }

    private void escape(char c, String text, int at) {
        switch (c) {
            case '"' -> ascii("\\\"");
            case '\\' -> ascii("\\\\");
            case '\b' -> ascii("\\b");
            case '\f' -> ascii("\\f");
            case '\n' -> ascii("\\n");
            case '\r' -> ascii("\\r");
            case '\t' -> ascii("\\t");
            default -> unicode(isLoneSurrogate(c, text, at) ? '\uFFFD' : c);
        }
    }

    private static boolean isLoneSurrogate(char c, String text, int at) {
        if (Character.isHighSurrogate(c)) {
            return at + 1 == text.length() || !Character.isLowSurrogate(text.charAt(at + 1));
        }
        return Character.isLowSurrogate(c) && (at == 0 || !Character.isHighSurrogate(text.charAt(at - 1)));
    }

    private void unicode(char c) {
        ascii("\\u");
        for (int shift = 12; shift >= 0; shift -= 4) {
            put(HEX[c >> shift & 0xF]);
        }
    }

    @SuppressWarnings("deprecation") // the one way from ASCII to bytes that makes no copy
    private void ascii(String text) {
        int count = text.length();
        ensure(count);
        text.getBytes(0, count, bytes, length);
        length += count;
    }

    private void put(byte b) {
        if (length == bytes.length) {
            ensure(1);
        }
        bytes[length++] = b;
    }

    private void ensure(int more) {
        if (more > bytes.length - length) {
            bytes = Arrays.copyOf(bytes, Math.max(length + more, (int) Math.min(2L * bytes.length, 1 << 30)));
        }
    }
}
