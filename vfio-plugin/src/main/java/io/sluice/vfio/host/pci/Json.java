package io.sluice.vfio.host.pci;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/// Reads JSON (RFC 8259) of the kind that a description needs: objects, lists, strings, integers, true and false. Every
/// value remembers its line, so that a mistake can be shown where it is.
final class Json {
    private static final int DEEPEST = 32;
    private static final int LONGEST = 16 << 20;

    private final String text;
    private int at;
    private int line = 1;
    private int depth;

    private Json(String text) {
        this.text = text;
    }

    /// @throws HostConfigException if it is none, or goes on behind the value
    static JsonNode read(String text) {
        if (text.length() > LONGEST) {
            throw new HostConfigException("", "the description has more than 16 MiB; make it smaller");
        }
        var json = new Json(text);
        json.skip();
        var value = json.value();
        json.skip();
        if (json.at < text.length()) {
            throw json.wrong("something follows the end of the description; remove it");
        }
        return value;
    }

    private HostConfigException wrong(String what) {
        return new HostConfigException("line " + line, what);
    }

    private void skip() {
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '\n') {
                line++;
            } else if (c != ' ' && c != '\t' && c != '\r') {
                return;
            }
            at++;
        }
    }

    private char peek() {
        if (at >= text.length()) {
            throw wrong("the description ends in the middle; close what is open");
        }
        return text.charAt(at);
    }

    private boolean take(char wanted) {
        if (peek() == wanted) {
            at++;
            return true;
        }
        return false;
    }

    private void need(char wanted) {
        if (!take(wanted)) {
            throw wrong("found '" + shown(peek()) + "' where '" + wanted + "' belongs");
        }
    }

    private static String shown(char c) {
        return c < ' ' ? String.format("\\u%04x", (int) c) : String.valueOf(c);
    }

    private JsonNode value() {
        char c = peek();
        return switch (c) {
            case '{' -> nested(this::members);
            case '[' -> nested(this::items);
            case '"' -> {
                int start = line;
                yield new JsonNode.Text(start, string());
            }
            case 't' -> word("true", new JsonNode.Flag(line, true));
            case 'f' -> word("false", new JsonNode.Flag(line, false));
            case 'n' ->
                throw wrong(
                        text.startsWith("null", at)
                                ? "null says nothing; leave the member out"
                                : "an unknown word; strings stand in quotes");
            default -> number();
        };
    }

    private JsonNode nested(java.util.function.Supplier<JsonNode> read) {
        if (++depth > DEEPEST) {
            throw wrong("nested more than " + DEEPEST + " deep");
        }
        var value = read.get();
        depth--;
        return value;
    }

    private JsonNode members() {
        int start = line;
        var members = new LinkedHashMap<String, JsonNode>();
        need('{');
        skip();
        if (!take('}')) {
            do {
                skip();
                if (peek() != '"') {
                    throw wrong("found '" + shown(peek()) + "' where the name of a member belongs, in quotes");
                }
                var name = string();
                skip();
                need(':');
                skip();
                if (members.put(name, value()) != null) {
                    throw wrong("\"" + name + "\" is there twice; remove one");
                }
                skip();
            } while (take(','));
            need('}');
        }
        return new JsonNode.Members(start, members);
    }

    private JsonNode items() {
        int start = line;
        List<JsonNode> nodes = new ArrayList<>();
        need('[');
        skip();
        if (!take(']')) {
            do {
                skip();
                nodes.add(value());
                skip();
            } while (take(','));
            need(']');
        }
        return new JsonNode.Items(start, nodes);
    }

    private JsonNode word(String word, JsonNode value) {
        if (!text.startsWith(word, at)) {
            throw wrong("an unknown word; strings stand in quotes");
        }
        at += word.length();
        return value;
    }

    private JsonNode number() {
        int start = at;
        if (peek() == '-') {
            at++;
        }
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            at++;
        }
        var digits = text.substring(start, at);
        if (at < text.length() && ".eE".indexOf(text.charAt(at)) >= 0) {
            throw wrong("a number with a fraction or an exponent; write a whole one");
        }
        if (!digits.matches("-?(0|[1-9][0-9]{0,17})")) {
            throw wrong(
                    digits.isEmpty() || digits.equals("-")
                            ? "found '" + shown(peek()) + "' where a value belongs"
                            : "no such number: " + digits);
        }
        return new JsonNode.Number(line, Long.parseLong(digits));
    }

    private String string() {
        var value = new StringBuilder();
        need('"');
        for (char c = peek(); c != '"'; c = peek()) {
            at++;
            if (c < ' ') {
                throw wrong("a string is not closed, or has a control character in it");
            }
            value.append(c == '\\' ? escaped() : c);
        }
        at++;
        return value.toString();
    }

    private char escaped() {
        char c = peek();
        at++;
        return switch (c) {
            case '"', '\\', '/' -> c;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> {
                if (at + 4 > text.length() || !text.substring(at, at + 4).matches("[0-9a-fA-F]{4}")) {
                    throw wrong("\\u needs four hexadecimal digits");
                }
                at += 4;
                yield (char) Integer.parseInt(text.substring(at - 4, at), 16);
            }
            default -> throw wrong("an unknown escape: \\" + shown(c));
        };
    }
}
