package io.sluice.vmm.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The judge of messages, judged: on a schema that is made up.
class QmpSchemaTest {
    private static final String SCHEMA = """
            [{"meta-type": "builtin", "name": "str", "json-type": "string"},
             {"meta-type": "builtin", "name": "int", "json-type": "int"},
             {"meta-type": "builtin", "name": "number", "json-type": "number"},
             {"meta-type": "builtin", "name": "bool", "json-type": "boolean"},
             {"meta-type": "builtin", "name": "null", "json-type": "null"},
             {"meta-type": "builtin", "name": "any", "json-type": "value"},
             {"meta-type": "enum", "name": "colour", "members": [{"name": "red"}, {"name": "green"}], "values": ["red", "green"]},
             {"meta-type": "array", "name": "[int]", "element-type": "int"},
             {"meta-type": "object", "name": "empty", "members": []},
             {"meta-type": "object", "name": "card", "members": [
               {"name": "id", "type": "str"}, {"name": "size", "type": "int", "default": null},
               {"name": "rate", "type": "number", "default": null}, {"name": "on", "type": "bool", "default": null},
               {"name": "hue", "type": "colour", "default": null}, {"name": "list", "type": "[int]", "default": null},
               {"name": "more", "type": "any", "default": null}]},
             {"meta-type": "array", "name": "[card]", "element-type": "card"},
             {"meta-type": "object", "name": "open", "members": [{"name": "id", "type": "str"}], "features": ["x-sluice-open"]},
             {"meta-type": "enum", "name": "kind", "members": [{"name": "a"}, {"name": "b"}, {"name": "c"}]},
             {"meta-type": "object", "name": "union", "members": [{"name": "kind", "type": "kind"}], "tag": "kind",
              "variants": [{"case": "a", "type": "card"}, {"case": "b", "type": "empty"}]},
             {"meta-type": "alternate", "name": "either", "members": [{"type": "int"}, {"type": "null"}]},
             {"meta-type": "command", "name": "do", "arg-type": "card", "ret-type": "[card]", "allow-oob": false},
             {"meta-type": "event", "name": "DONE", "arg-type": "card"},
             {"meta-type": "event", "name": "OVER", "arg-type": "empty"}]""";

    private final QmpSchema schema = new QmpSchema(SCHEMA);

    private List<String> problems(String type, String value) {
        return schema.problems(
                type, new JsonObject("{\"v\": " + value + "}").getMap().get("v"), "v");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    str    | "x"
                    int    | -5
                    int    | 9223372036854775807
                    number | 5
                    number | 1.5
                    bool   | false
                    null   | null
                    any    | [{"x": null}]
                    colour | "green"
                    [int]  | []
                    [int]  | [1, 2]
                    empty  | {}
                    card   | {"id": "x"}
                    card   | {"id": "x", "size": 1, "rate": 1, "on": true, "hue": "red", "list": [1], "more": null}
                    open   | {"id": "x", "whatever": {}}
                    union  | {"kind": "a", "id": "x"}
                    union  | {"kind": "b"}
                    union  | {"kind": "c"}
                    either | 1
                    either | null
                    """)
    void whatFitsIsTaken(String type, String value) {
        assertThat(problems(type, value)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    str    | 5                        | v: 5 is no string
                    str    | null                     | v: null is no string
                    int    | 1.0                      | v: 1.0 is no int
                    int    | "1"                      | v: 1 is no int
                    int    | 9223372036854775808      | v: 9223372036854775808 is no int
                    number | "1"                      | v: 1 is no number
                    bool   | 1                        | v: 1 is no boolean
                    null   | 0                        | v: 0 is no null
                    colour | "blue"                   | v: blue is not among [red, green]
                    colour | 5                        | v: 5 is not among [red, green]
                    [int]  | {}                       | v: {} is no array
                    [int]  | [1, "x"]                 | v[1]: x is no int
                    empty  | []                       | v: [] is no object
                    empty  | {"x": 1}                 | v.x: the schema has no such member
                    card   | {}                       | v.id: is missing
                    card   | {"id": null}             | v.id: null is no string
                    card   | {"id": "x", "z": 1}      | v.z: the schema has no such member
                    card   | {"id": "x", "size": "1"} | v.size: 1 is no int
                    card   | {"id": "x", "size": null} | v.size: null is no int
                    card   | {"id": "x", "hue": "up"} | v.hue: up is not among [red, green]
                    card   | {"id": "x", "list": [true]} | v.list[0]: true is no int
                    [card] | [{"id": "x"}, {}]        | v[1].id: is missing
                    open   | {"whatever": 1}          | v.id: is missing
                    union  | {"id": "x"}              | v.kind: is missing
                    union  | {"kind": "d"}            | v.kind: d is not among [a, b, c]
                    union  | {"kind": "a"}            | v.id: is missing
                    union  | {"kind": "b", "id": "x"} | v.id: the schema has no such member
                    either | "x"                      | v: x is none of the alternatives
                    """)
    void whatDoesNotFitIsFound(String type, String value, String problem) {
        assertThat(problems(type, value)).contains(problem);
    }

    @Test
    void aSchemaThatIsNoneIsRefused() {
        assertThatThrownBy(() -> new QmpSchema("[{\"name\": \"a\"}, {\"name\": \"a\"}]"))
                .hasMessage("two entries are called a");
        assertThatThrownBy(() -> schema.problems("nope", 1, "v")).hasMessage("the schema has no entry nope");
        assertThatThrownBy(() -> schema.problems("DONE", 1, "v")).hasMessage("DONE is no type");
    }

    private List<String> messages(String sent, String... received) {
        var journal = new QmpJournal();
        journal.sent(sent, true);
        for (var message : received) {
            journal.received(message);
        }
        return journal.problems(schema);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    {"return": {}}                       | do: {} is no array
                    {"return": [], "extra": 1}           | do: a reply has members [return, extra]
                    {"return": [{"id": 5}], "id": 1}     | do[0].id: 5 is no string
                    {"error": {"class": "GenericError"}} | do: an error has members [class]
                    {"error": {"class": "Odd", "desc": ""}} | do: there is no class of errors Odd
                    {"error": {"class": "GenericError", "desc": "The command do failed: x"}} | do: The command do failed: x
                    """)
    void aBadReplyIsFound(String reply, String problem) {
        assertThat(messages("{\"execute\": \"do\", \"id\": 1}", reply)).containsExactly(problem);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    {"timestamp": {"seconds": 1, "microseconds": 2}, "event": "NONE"} | NONE: the schema has no such event
                    {"timestamp": {"seconds": 1}, "event": "OVER"} | OVER: no time
                    {"timestamp": {"seconds": 1, "microseconds": 2}, "event": "OVER", "x": 1} | OVER: an event has member x
                    {"timestamp": {"seconds": 1, "microseconds": 2}, "event": "OVER", "data": {"x": 1}} | OVER.x: the schema has no such member
                    {"timestamp": {"seconds": 1, "microseconds": 2}, "event": "DONE"} | DONE: null is no object
                    {"timestamp": {"seconds": 1, "microseconds": 2}, "event": "DONE", "data": {}} | DONE.id: is missing
                    """)
    void aBadEventIsFound(String event, String problem) {
        assertThat(messages("{\"execute\": \"do\"}", event)).containsExactly(problem);
    }

    @Test
    void repliesFindTheirCommands() {
        var journal = new QmpJournal();
        journal.sent("{\"execute\": \"a\"}", true);
        journal.sent("{\"exec-oob\": \"b\",", false);
        journal.sent("\"id\": {\"x\": 1}}", true);
        journal.sent("garbage", true);
        journal.received("{\"return\": 1, \"id\": {\"x\": 1}}");
        journal.received("{\"return\": 2}");
        journal.received("{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}}");

        assertThat(journal.exchanges().stream().map(QmpJournal.Exchange::name)).containsExactly("b", "a", "");
        assertThat(journal.exchanges().stream().map(QmpJournal.Exchange::error)).containsExactly("", "", "no");
    }

    @Test
    void samplesAreWhatTheyAreTakenFor() {
        var samples = new QmpSamples(schema);

        assertThat(List.of("card", "[card]", "union", "open", "colour", "either", "empty"))
                .allSatisfy(type -> {
                    assertThat(samples.fitting(type))
                            .allSatisfy(value ->
                                    assertThat(schema.problems(type, value, "")).isEmpty());
                    assertThat(samples.unfitting(type))
                            .isNotEmpty()
                            .allSatisfy(value ->
                                    assertThat(schema.problems(type, value, "")).isNotEmpty());
                });
        assertThat(samples.fitting("any")).contains("text", 5L, 1.5, true, List.of(), Map.of());
    }
}
