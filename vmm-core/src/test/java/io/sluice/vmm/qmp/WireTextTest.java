package io.sluice.vmm.qmp;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What goes over the wire, byte for byte, as QEMU 7.2 was seen to do it.
class WireTextTest {
    private static final String KVM = "{\"return\": {\"enabled\": false, \"present\": true}";

    private final DirectSession client = new DirectSession();

    @Test
    void theGreetingSaysWhoAnswers() {
        assertThat(client.answers())
                .isEqualTo("{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}, "
                        + "\"package\": \"Sluice 0.1.0\"}, \"capabilities\": [\"oob\"]}}\r\n");
    }

    @Test
    void thePrettyLayoutIsQemus() {
        var pretty = new DirectSession(true, Runnable::run);
        pretty.answers();
        pretty.send("{'execute':'qmp_capabilities'}");
        assertThat(pretty.answers()).isEqualTo("{\r\n    \"return\": {\r\n    }\r\n}\r\n");

        pretty.send("{'execute':'query-kvm','id':[1,{},[],{'a':2}]}");

        assertThat(pretty.answers()).isEqualTo("""
                        {
                            "return": {
                                "enabled": false,
                                "present": true
                            },
                            "id": [
                                1,
                                {
                                },
                                [
                                ],
                                {
                                    "a": 2
                                }
                            ]
                        }
                        """.replace("\n", "\r\n"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    'a\\u00e9\\ud834\\udd1e\\n\\t\\b\\f\\/\\'\\u007f\\u0001' | "a\\u00E9\\uD834\\uDD1E\\n\\t\\b\\f/'\\u007F\\u0001"
                    "a'b\\"c\\\\d" | "a'b\\"c\\\\d"
                    'a"b'        | "a\\"b"
                    '\\u0000x'   | "\\u0000x"
                    'é€😀'       | "\\u00E9\\u20AC\\uD83D\\uDE00"
                    0            | 0
                    -0           | 0
                    7            | 7
                    -12          | -12
                    9223372036854775807  | 9223372036854775807
                    -9223372036854775808 | -9223372036854775808
                    18446744073709551615 | 18446744073709551615
                    18446744073709551616 | 1.8446744073709552e+19
                    -9223372036854775809 | -9.2233720368547758e+18
                    -0.0         | -0
                    0.1          | 0.10000000000000001
                    1e5          | 100000
                    1e22         | 1e+22
                    1e-7         | 9.9999999999999995e-08
                    123456789.125 | 123456789.125
                    1E+2         | 100
                    null         | null
                    true         | true
                    false        | false
                    []           | []
                    {}           | {}
                    [1,[2,{"a":[]}]] | [1, [2, {"a": []}]]
                    """)
    void anIdComesBackAsItWas(String given, String echoed) {
        client.negotiated();

        assertThat(client.ask("{'execute':'query-kvm','id':" + given + "}"))
                .isEqualTo(KVM + ", \"id\": " + echoed + "}");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    {'a':'\\ud834'}    | \\\\ud834 is not a valid Unicode character
                    {'a':'\\udd1e'}    | \\\\udd1e is not a valid Unicode character
                    {'a':'\\ud834\\u0041'} | \\\\ud834\\\\u0041 is not a valid Unicode character
                    {'a':'\\uffff'}    | \\\\uffff is not a valid Unicode character
                    {'a':'\\u00g0'}    | \\\\u00g0 is not a valid Unicode character
                    {'a':'\\x'}        | invalid escape sequence in string
                    [nope]             | invalid keyword 'nope'
                    {'execute' 5}      | missing : in object pair
                    {'execute':'stop',} | expecting value
                    {'a':1 'b':2}      | expected separator in dict
                    [1 2]              | expected separator in list
                    [1,]               | expecting value
                    {1:2}              | key is not a string in object
                    {'a':1,'a':2}      | duplicate key
                    [1}                | expected separator in list
                    {'a':1]            | expected separator in dict
                    {]                 | expecting value
                    }                  | expecting value
                    ]                  | expecting value
                    ,                  | expecting value
                    :                  | expecting value
                    [1e999]            | number out of range
                    """)
    void malformedInputIsOneErrorWithoutId(String given, String error) {
        client.negotiated();

        assertThat(client.ask(given)).isEqualTo(parseError(error));
        assertThat(client.ask("{'execute':'query-kvm'}")).isEqualTo(KVM + "}");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    @   | @
                    #   | #
                    %d  | %
                    -a  | --
                    1.x | 1.x
                    01  | 01
                    1ex | 1ex
                    A   | A
                    """)
    void aByteThatFitsNowhereDropsTheRestOfItsLine(String given, String shown) {
        client.negotiated();
        var stray = given.equals("-a") ? "-a" : shown;

        assertThat(client.ask(given + "\n")).isEqualTo(parseError("stray '" + stray + "'"));
        assertThat(client.ask("{'execute':'query-kvm'}")).isEqualTo(KVM + "}");
    }

    @Test
    void aControlByteResetsTheParser() {
        client.negotiated();

        assertThat(client.ask("{'execute':'query-kvm','x':\u0001")).isEqualTo(parseError("stray '\\u0001'"));
        assertThat(client.ask("\n{'execute':'query-kvm'}")).isEqualTo(KVM + "}");
        assertThat(client.ask("'abc\n'")).isEqualTo(parseError("stray ''abc\\n'"));
        assertThat(client.ask("\u0000")).isEqualTo(parseError("stray ''"));
    }

    @Test
    void theByteFfResetsTheParser() {
        client.negotiated();

        client.send(new byte[] {'{', (byte) 0xFF, '\n'});

        assertThat(client.answers()).isEqualTo(parseError("stray '\\uFFFD'") + "\r\n");
        assertThat(client.ask("{'execute':'query-kvm'}")).isEqualTo(KVM + "}");
    }

    @Test
    void badUtf8InAStringIsRefused() {
        client.negotiated();

        client.send("{'a':'\u00C3('}".getBytes(StandardCharsets.ISO_8859_1));

        assertThat(client.answers()).isEqualTo(parseError("invalid UTF-8 sequence in string") + "\r\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[1]", "5 ", "'x'", "null ", "true\n", "[]"})
    void aMessageThatIsNoObjectIsRefused(String given) {
        client.negotiated();

        assertThat(client.ask(given)).isEqualTo(error("GenericError", "QMP input must be a JSON object"));
    }

    @Test
    void twoCommandsMayComeInOneWriteAndOneInTwo() {
        client.negotiated();

        client.send("\r\n \t{'execute':'query-kvm','id':1}{'execute':'query-kvm','id':2}{'execute':'que");
        client.send("ry-kvm','id':3}");

        assertThat(client.answers())
                .isEqualTo(KVM + ", \"id\": 1}\r\n" + KVM + ", \"id\": 2}\r\n" + KVM + ", \"id\": 3}\r\n");
    }

    private static String parseError(String text) {
        return error("GenericError", "JSON parse error, " + text);
    }

    static String error(String errorClass, String text) {
        return "{\"error\": {\"class\": \"" + errorClass + "\", \"desc\": \"" + text + "\"}}";
    }
}
