package io.sluice.vmm.qmp;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.qapi.RunState;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Negotiation, dispatch, order, OOB, events and limits of one session.
class DispatchTest {
    private static final String DONE = "{\"return\": {}}\r\n";
    private static final String KVM = "{\"return\": {\"enabled\": false, \"present\": true}}\r\n";
    private static final String STOPPED = "{\"timestamp\": @, \"event\": \"STOP\"}\r\n";

    private final DirectSession client = new DirectSession();

    @Test
    void beforeNegotiationNothingElseRuns() {
        client.answers();

        assertThat(client.ask("{'execute':'query-kvm','id':5}"))
                .isEqualTo("{\"id\": 5, \"error\": {\"class\": \"CommandNotFound\", \"desc\": "
                        + "\"Expecting capabilities negotiation with 'qmp_capabilities'\"}}");
        assertThat(client.ask("{'exec-oob':'qmp_capabilities'}"))
                .isEqualTo(error("GenericError", "QMP input member 'exec-oob' is unexpected"));
        client.hub.emit(FakeCommands.STOP.with(io.sluice.vmm.qapi.Command.Nothing.INSTANCE));
        client.run();
        assertThat(client.answers()).isEmpty();
        assertThat(client.ask("{'execute':'qmp_capabilities','arguments':{'enable':['zz']}}"))
                .isEqualTo(error("GenericError", "Parameter 'enable[0]' does not accept value 'zz'"));
        assertThat(client.ask("{'execute':'qmp_capabilities','arguments':{'enable':'zz'}}"))
                .isEqualTo(error("GenericError", "Invalid parameter type for 'enable', expected: array"));
        assertThat(client.ask("{'execute':'qmp_capabilities','id':7}")).isEqualTo("{\"return\": {}, \"id\": 7}");
        assertThat(client.ask("{'execute':'qmp_capabilities','id':3}"))
                .isEqualTo("{\"id\": 3, \"error\": {\"class\": \"CommandNotFound\", \"desc\": "
                        + "\"Capabilities negotiation is already complete, command ignored\"}}");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
                    {}                                     | GenericError | QMP input lacks member 'execute'
                    {'execute':5}                          | GenericError | QMP input member 'execute' must be a string
                    {'execute':'stop','arguments':5}       | GenericError | QMP input member 'arguments' must be an object
                    {'execute':'stop','bogus':5}           | GenericError | QMP input member 'bogus' is unexpected
                    {'execute':'stop','exec-oob':'stop'}   | GenericError | QMP input member 'execute' clashes with 'exec-oob'
                    {'exec-oob':'stop'}                    | GenericError | The command stop does not support OOB
                    {'exec-oob':'nope'}                    | CommandNotFound | The command nope has not been found
                    {'exec-oob':5}                         | GenericError | QMP input member 'exec-oob' must be a string
                    {'execute':'nope'}                     | CommandNotFound | The command nope has not been found
                    {'execute':'stop','arguments':{'a':1}} | GenericError | Parameter 'a' is unexpected
                    {'execute':'device_del'}               | GenericError | Parameter 'id' is missing
                    {'execute':'device_del','arguments':{'id':5}} | GenericError | Invalid parameter type for 'id', expected: string
                    {'execute':'device_del','arguments':{'id':null}} | GenericError | Invalid parameter type for 'id', expected: string
                    {'execute':'device_del','arguments':{'id':'zz'}} | DeviceNotFound | Device 'zz' not found
                    {'execute':'memsave','arguments':{'val':18446744073709551615,'size':1,'filename':''}} | GenericError | Invalid parameter type for 'val', expected: integer
                    {'execute':'memsave','arguments':{'val':1,'size':1.5,'filename':''}} | GenericError | Invalid parameter type for 'size', expected: integer
                    {'execute':'memsave','arguments':{'val':1,'size':1,'filename':'','cpu-index':4294967296}} | GenericError | Parameter 'cpu-index' expects int32
                    {'execute':'echo','arguments':{'kind':'two'}} | GenericError | Parameter 'kind' does not accept value 'two'
                    {'execute':'echo','arguments':{'list':[1,'x']}} | GenericError | Invalid parameter type for 'list[1]', expected: integer
                    {'execute':'yank','arguments':{'instances':[{'type':'chardev','id':'zz'}]}} | DeviceNotFound | Instance not found
                    {'execute':'yank','arguments':{'instances':[{'type':'zz','id':'zz'}]}} | GenericError | Parameter 'type' does not accept value 'zz'
                    {'execute':'yank','arguments':{'instances':[{'id':'zz'}]}} | GenericError | Parameter 'instances[0].type' is missing
                    {'execute':'break'} | GenericError | The command break failed: java.lang.IllegalStateException: two and two are five
                    {'execute':'cont'}  | GenericError | The command cont is not allowed in state 'running', only in 'paused', 'prelaunch'
                    """)
    void aBadCommandIsRefusedInQemusWords(String given, String errorClass, String text) {
        client.negotiated("oob");

        assertThat(client.ask(given)).isEqualTo(error(errorClass, text));
        assertThat(client.ask("{'execute':'query-kvm'}") + "\r\n").isEqualTo(KVM);
    }

    @Test
    void typedValuesComeBackAsTheyWent() {
        client.negotiated();

        assertThat(client.ask("{'execute':'echo','arguments':{'value':{'b':[1.5,null]},'text':'\u00e9',"
                        + "'kind':'and-another','list':[1,-2]}}"))
                .isEqualTo("{\"return\": {\"value\": {\"b\": [1.5, null]}, \"text\": \"\\u00E9\", "
                        + "\"kind\": \"and-another\", \"list\": [1, -2]}}");
        assertThat(client.ask("{'execute':'query-names'}"))
                .isEqualTo("{\"return\": [{\"name\": \"a\"}, {\"name\": \"b\"}]}");
    }

    @Test
    void anEventComesBeforeTheReplyOfWhatCausedIt() {
        client.negotiated();

        client.send("{'execute':'stop'}");

        assertThat(client.answers()).isEqualTo(STOPPED + DONE);
        assertThat(client.commands.state).isEqualTo(RunState.PAUSED);
    }

    @Test
    void anEventOfACommandThatIsRefusedComesToo() {
        client.negotiated();

        client.send("{'execute':'tell'}");

        assertThat(client.answers()).isEqualTo(STOPPED + error("GenericError", "no") + "\r\n");
    }

    @Test
    void everySplitOfAConversationGivesTheSameAnswers() {
        var script = ("{'execute':'qmp_capabilities','arguments':{'enable':['oob']}}\n"
                        + "{'exec-oob':'query-yank','id':-1.5e3}{'execute':'stop','id':'\\ud834\\udd1e\u20AC'}@}\n"
                        + "[tru, {'a':01}]\r\n{\"execute\":\"query-kvm\",\"id\":null} 'x\\'' \u0001{]}")
                .getBytes(StandardCharsets.UTF_8);
        var whole = new DirectSession();
        whole.send(script);
        var expected = whole.answers();

        for (int split = 1; split < script.length; split++) {
            var halves = new DirectSession();
            halves.send(Arrays.copyOf(script, split));
            halves.send(Arrays.copyOfRange(script, split, script.length));
            assertThat(halves.answers()).as("split at " + split).isEqualTo(expected);
        }
        var bytewise = new DirectSession();
        for (byte b : script) {
            bytewise.send(new byte[] {b});
        }
        assertThat(bytewise.answers()).isEqualTo(expected);
    }

    @Test
    void commandsWaitForTheirTurnAndOutOfBandOnesDoNot() {
        var owner = new ArrayDeque<Runnable>();
        var slow = new DirectSession(false, owner::add).negotiated("oob");

        slow.send("{'execute':'stop'}{'execute':'query-kvm'}{'exec-oob':'query-yank'}");
        assertThat(slow.answers()).isEqualTo("{\"return\": [{\"type\": \"chardev\", \"id\": \"c0\"}]}\r\n");
        owner.remove().run();
        slow.run();

        assertThat(slow.answers()).isEqualTo(STOPPED + DONE + KVM);
    }

    @Test
    void aFullQueueStopsReading() {
        var owner = new ArrayDeque<Runnable>();
        var slow = new DirectSession(false, owner::add).negotiated();

        slow.send("{'execute':'memsave'}".repeat(400));
        assertThat(slow.reading).isFalse();
        while (!owner.isEmpty()) {
            assertThat(owner).hasSize(1);
            owner.remove().run();
            slow.run();
        }

        assertThat(slow.answers().split("\r\n")).hasSize(400);
        assertThat(slow.reading).isTrue();
        assertThat(slow.hub.budget().taken()).isZero();
    }

    @Test
    void aReaderThatStopsIsNotReadFromEither() {
        client.negotiated();

        client.full = true;
        client.send("{'execute':'query-kvm'}{'execute':'query-kvm'}");
        assertThat(client.reading).isFalse();
        assertThat(client.answers()).isEmpty();
        client.full = false;
        client.session.drained();

        assertThat(client.answers()).isEqualTo(KVM + KVM);
        assertThat(client.reading).isTrue();
    }

    @Test
    void aReaderThatLetsEventsPileUpIsLeftBehind() {
        client.negotiated();
        client.full = true;

        for (int i = 0; i < 15_000; i++) {
            client.hub.emit(FakeCommands.STOP.with(io.sluice.vmm.qapi.Command.Nothing.INSTANCE));
        }
        client.run();

        assertThat(client.closed).isTrue();
        assertThat(client.answers().length()).isLessThan(2 << 20);
        assertThat(client.hub.sessions()).isEmpty();
    }

    @Test
    void ofLimitedEventsTheFirstComesAtOnceAndTheLastLater() {
        client.negotiated();

        for (int i = 0; i < 5; i++) {
            client.hub.emit(FakeCommands.CHANGE.with(new FakeCommands.Change(i, "/rtc")));
        }
        client.run();
        assertThat(client.answers()).isEqualTo(change(0));
        client.timers.remove().run();
        assertThat(client.answers()).isEqualTo(change(4));
        client.timers.remove().run();

        assertThat(client.answers()).isEmpty();
        assertThat(client.timers).isEmpty();
    }

    private static String change(int offset) {
        return "{\"timestamp\": @, \"event\": \"RTC_CHANGE\", \"data\": {\"offset\": " + offset
                + ", \"path\": \"/rtc\"}}\r\n";
    }

    @Test
    void depthSizeAndNumberOfTokensAreLimited() {
        client.negotiated();

        assertThat(client.ask("[".repeat(1025))).isEqualTo(error("GenericError", "JSON nesting depth limit exceeded"));
        assertThat(client.ask("[".repeat(1024) + "]".repeat(1024)))
                .isEqualTo(error("GenericError", "QMP input must be a JSON object"));
        client.send("[");
        for (int i = 0; i < 1024; i++) {
            client.send("1,".repeat(1024));
        }
        assertThat(client.answers()).startsWith(error("GenericError", "JSON token count limit exceeded"));
        client.send("\u0001");
        client.answers();
        client.send("\n'");
        for (int i = 0; i < 64; i++) {
            client.send("x".repeat(1 << 20));
        }
        assertThat(client.answers()).isEqualTo(error("GenericError", "JSON token size limit exceeded") + "\r\n");
        assertThat(client.hub.budget().taken()).isZero();
    }

    @Test
    void aBugIsToldToTheOwner() {
        client.negotiated();

        client.send("{'execute':'break','id':9}{'execute':'query-kvm'}");

        assertThat(client.answers()).startsWith("{\"id\": 9, \"error\"").endsWith(KVM);
    }

    @Test
    void aCommandOfAClientThatHasGoneIsNotStarted() {
        var owner = new ArrayDeque<Runnable>();
        var gone = new DirectSession(false, owner::add).negotiated();

        gone.send("{'execute':'stop'}");
        gone.session.closed();
        owner.remove().run();
        gone.run();

        assertThat(gone.commands.state).isEqualTo(RunState.RUNNING);
        assertThat(gone.answers()).isEmpty();
        assertThat(gone.hub.budget().taken()).isZero();
    }

    private static String error(String errorClass, String text) {
        return WireTextTest.error(errorClass, text);
    }
}
