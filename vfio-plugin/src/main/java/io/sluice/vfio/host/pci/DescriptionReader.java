package io.sluice.vfio.host.pci;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.regex.Pattern;

/// Reads a description that is JSON, of the kind that is needed: objects, lists, strings, integers, true and false.
/// Every value remembers its line, so that a mistake can be shown where it is; what is no JSON is told in our words.
final class DescriptionReader {
    private static final int DEEPEST = 32;
    private static final int LONGEST = 16 << 20;
    private static final Pattern INTEGER = Pattern.compile("-?(0|[1-9][0-9]{0,17})");
    private static final Pattern DIGITS = Pattern.compile("-?[0-9]+");
    /// How the parser tells of a character that has no business where it is, and of what belongs there.
    private static final Pattern UNEXPECTED = Pattern.compile(
            "Unexpected character \\((?:'.*?' )?\\((?:CTRL-CHAR, )?code (\\d+).*?\\)(.*)", Pattern.DOTALL);

    private static final Pattern UNEXPECTED_CLOSE =
            Pattern.compile("Unexpected close marker '(.)': expected '(.)'.*", Pattern.DOTALL);

    private static final String NAME = "the name of a member belongs, in quotes";
    private static final String VALUE = "a value belongs";

    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(DEEPEST)
                    .maxDocumentLength(LONGEST)
                    .maxStringLength(LONGEST)
                    .maxNameLength(LONGEST)
                    .build())
            // So that a number with leading zeros can be shown.
            .enable(JsonReadFeature.ALLOW_LEADING_ZEROS_FOR_NUMBERS)
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .build();

    private final String text;
    private final JsonParser json;

    private DescriptionReader(String text, JsonParser json) {
        this.text = text;
        this.json = json;
    }

    /// @throws HostConfigException if it is none, or goes on behind the value
    static JsonNode read(String text) {
        if (text.length() > LONGEST) {
            throw new HostConfigException("", "the description has more than 16 MiB; make it smaller");
        }
        try (var json = JSON.createParser(text)) {
            return read(text, json);
        } catch (IOException e) {
            throw new UncheckedIOException("a string that cannot be read", e);
        }
    }

    private static JsonNode read(String text, JsonParser json) throws IOException {
        try {
            return new DescriptionReader(text, json).whole();
        } catch (JsonProcessingException e) {
            throw refusal(e);
        }
    }

    private JsonNode whole() throws IOException {
        if (json.nextToken() == null) {
            throw wrong("the description ends in the middle; close what is open");
        }
        var value = value();
        boolean more;
        try {
            more = json.nextToken() != null;
        } catch (JsonProcessingException e) {
            more = true;
        }
        if (more) {
            throw wrong("something follows the end of the description; remove it");
        }
        return value;
    }

    private int line() {
        return json.currentTokenLocation().getLineNr();
    }

    private HostConfigException wrong(String what) {
        return new HostConfigException("line " + json.currentLocation().getLineNr(), what);
    }

    private JsonNode value() throws IOException {
        int line = line();
        return switch (json.currentToken()) {
            case START_OBJECT -> members(line);
            case START_ARRAY -> items(line);
            case VALUE_STRING -> new JsonNode.Text(line, json.getText());
            case VALUE_NUMBER_INT -> number(line);
            case VALUE_NUMBER_FLOAT -> throw wrong("a number with a fraction or an exponent; write a whole one");
            case VALUE_TRUE, VALUE_FALSE -> new JsonNode.Flag(line, json.getBooleanValue());
            case VALUE_NULL -> throw wrong("null says nothing; leave the member out");
            case FIELD_NAME, END_OBJECT, END_ARRAY, NOT_AVAILABLE, VALUE_EMBEDDED_OBJECT ->
                throw new IllegalStateException(json.currentToken() + " where a value begins");
        };
    }

    private JsonNode members(int line) throws IOException {
        var members = new LinkedHashMap<String, JsonNode>();
        while (json.nextToken() != JsonToken.END_OBJECT) {
            var name = json.currentName();
            json.nextToken();
            if (members.put(name, value()) != null) {
                throw wrong("\"" + name + "\" is there twice; remove one");
            }
        }
        return new JsonNode.Members(line, members);
    }

    private JsonNode items(int line) throws IOException {
        var nodes = new ArrayList<JsonNode>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            nodes.add(value());
        }
        return new JsonNode.Items(line, nodes);
    }

    private JsonNode number(int line) {
        var digits = DIGITS.matcher(text);
        int at = Math.toIntExact(json.currentTokenLocation().getCharOffset());
        if (!digits.find(at) || digits.start() != at) {
            throw new IllegalStateException("the parser's number is not where it says");
        }
        if (!INTEGER.matcher(digits.group()).matches()) {
            throw wrong("no such number: " + digits.group());
        }
        return new JsonNode.Number(line, Long.parseLong(digits.group()));
    }

    // ---- what is no JSON

    private static HostConfigException refusal(JsonProcessingException e) {
        var location = e.getLocation();
        return new HostConfigException("line " + (location == null ? 1 : location.getLineNr()), said(e));
    }

    private static String said(JsonProcessingException e) {
        var said = e.getOriginalMessage();
        if (e instanceof JsonEOFException) {
            return "the description ends in the middle; close what is open";
        }
        if (e instanceof StreamConstraintsException) {
            return said.contains("nesting depth") ? "nested more than " + DEEPEST + " deep" : "too large: " + said;
        }
        var unexpected = UNEXPECTED.matcher(said);
        if (unexpected.lookingAt()) {
            return unexpected(Integer.parseInt(unexpected.group(1)), unexpected.group(2));
        }
        var close = UNEXPECTED_CLOSE.matcher(said);
        if (close.matches()) {
            return "found '" + close.group(1) + "' where "
                    + belongs(e, close.group(2).charAt(0));
        }
        if (said.startsWith("Unrecognized token")) {
            return "an unknown word; strings stand in quotes";
        }
        if (said.startsWith("Unrecognized character escape '")) {
            return "an unknown escape: \\" + said.charAt(said.indexOf('\'') + 1);
        }
        if (said.startsWith("Illegal unquoted character")) {
            return "a string is not closed, or has a control character in it";
        }
        if (said.startsWith("Illegal character")) {
            return "a control character between values; remove it";
        }
        return "is no JSON: " + said.lines().findFirst().orElse("");
    }

    /// What belongs where something is closed that is not open.
    private static String belongs(JsonProcessingException e, char close) {
        var last = e.getProcessor() instanceof JsonParser json ? json.currentToken() : null;
        if (last == JsonToken.START_OBJECT) {
            return NAME;
        }
        return last == JsonToken.START_ARRAY ? VALUE : "'" + close + "' belongs";
    }

    private static String unexpected(int code, String expected) {
        var found = "found '" + (code < ' ' ? String.format("\\u%04x", code) : Character.toString(code)) + "' where ";
        if (expected.contains("hex-digit")) {
            return "\\u needs four hexadecimal digits";
        }
        if (expected.contains("colon")) {
            return found + "':' belongs";
        }
        if (expected.contains("field name") || expected.contains("double-quote")) {
            return found + NAME;
        }
        if (expected.contains("separate Object entries")) {
            return found + "'}' belongs";
        }
        if (expected.contains("separate Array entries")) {
            return found + "']' belongs";
        }
        return found + VALUE;
    }
}
