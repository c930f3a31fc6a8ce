package io.sluice.vmm.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.ErrorClass;
import io.sluice.vmm.qapi.QapiDecoder;
import io.sluice.vmm.qapi.QmpException;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What `query-qmp-schema` promises is what the commands of a machine take and give.
public abstract class QmpTruthContract {
    /// A line reader of one common client takes no more.
    private static final int LONGEST_LINE = 64 << 10;

    /// A stage without a machine yet.
    protected abstract MachineStage stage();

    /// One connection whose every message is written down.
    private record Talk(QmpTestClient client, QmpJournal journal) {
        QmpJournal.Exchange ask(String command, Map<String, Object> arguments) throws IOException {
            var message = new JsonObject().put("execute", command);
            if (!arguments.isEmpty()) {
                message.put("arguments", new JsonObject(arguments));
            }
            var text = message.encode();
            journal.sent(text, true);
            client.send(text);
            int before = journal.exchanges().size();
            while (journal.exchanges().size() == before) {
                journal.received(client.receive());
            }
            return journal.exchanges().getLast();
        }

        /// The value that a command returns, which is a list of objects.
        List<Map<?, ?>> list(String command, Map<String, Object> arguments) throws IOException {
            var reply = ask(command, arguments);
            assertThat(reply.succeeded()).as(reply.toString()).isTrue();
            var all = new ArrayList<Map<?, ?>>();
            ((List<?>) Objects.requireNonNull(reply.reply().get("return"))).forEach(e -> all.add((Map<?, ?>) e));
            return all;
        }
    }

    @Test
    void theSchemaFitsALineReaderAndNamesOnlyWhatItHas() throws IOException {
        try (var stage = stage();
                var client = stage.machine(List.of("prelaunch")).negotiate()) {
            var line = client.call("{\"execute\": \"query-qmp-schema\"}");
            var schema = stage.schema();

            assertThat(line).hasSizeLessThan(LONGEST_LINE);
            assertThat(schema.names("command"))
                    .containsExactlyInAnyOrderElementsOf(
                            stage.table().commands().stream().map(Command::name).toList());
            for (var command : schema.names("command")) {
                assertThat(schema.metaType(schema.type(command, "arg-type"))).isEqualTo("object");
                assertThat(schema.metaType(schema.type(command, "ret-type"))).isNotEmpty();
            }
            for (var event : schema.names("event")) {
                assertThat(schema.metaType(schema.type(event, "arg-type"))).isEqualTo("object");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"prelaunch", "running", "paused", "debug", "shutdown", "guest-panicked", "internal-error"})
    void everyAnswerToAQuestionIsAsPromisedInEveryState(String state) throws IOException {
        try (var stage = stage();
                var client = stage.machine(List.of(state)).negotiate()) {
            var schema = stage.schema();
            var talk = new Talk(client, new QmpJournal());

            int asked = 0;
            for (var command : schema.names("command")) {
                boolean bare = schema.members(schema.type(command, "arg-type")).stream()
                        .allMatch(QmpSchema.Member::optional);
                if (command.contains("query-") && bare) {
                    assertThat(talk.ask(command, Map.of()).succeeded())
                            .as(command)
                            .isTrue();
                    asked++;
                }
            }

            assertThat(asked).isGreaterThan(20);
            assertThat(talk.journal.problems(schema)).isEmpty();
        }
    }

    @Test
    void everyTypeAndEveryObjectIsAsPromised() throws IOException {
        try (var stage = stage();
                var client = stage.machine(List.of("running")).negotiate()) {
            var schema = stage.schema();
            var talk = new Talk(client, new QmpJournal());

            for (var type : talk.list("qom-list-types", Map.of("abstract", true))) {
                var name = Map.of("typename", Objects.requireNonNull(type.get("name")));
                talk.list("qom-list-properties", Map.copyOf(name));
                talk.ask("device-list-properties", Map.copyOf(name));
            }
            int properties = walk(talk, "/");

            assertThat(properties).isGreaterThan(100);
            assertThat(talk.journal.problems(schema)).isEmpty();
        }
    }

    /// Asks for all properties of an object and of those below it.
    private static int walk(Talk talk, String path) throws IOException {
        int seen = 0;
        for (var property : talk.list("qom-list", Map.of("path", path))) {
            var name = String.valueOf(property.get("name"));
            seen++;
            assertThat(talk.ask("qom-get", Map.of("path", path, "property", name))
                            .succeeded())
                    .as(path + " " + name)
                    .isTrue();
            if (String.valueOf(property.get("type")).startsWith("child<")) {
                seen += walk(talk, (path.equals("/") ? "" : path) + "/" + name);
            }
        }
        return seen;
    }

    @Test
    void whatFitsTheSchemaIsTakenByTheCheckerOfArguments() {
        try (var stage = stage()) {
            stage.enter("prelaunch");
            var schema = stage.schema();
            var samples = new QmpSamples(schema);
            var refused = new ArrayList<String>();

            int taken = 0;
            for (var command : stage.table().commands()) {
                for (var arguments : samples.objects(schema.type(command.name(), "arg-type"))) {
                    try {
                        QapiDecoder.arguments(command.arguments(), arguments);
                        taken++;
                    } catch (QmpException e) {
                        refused.add(command.name() + " " + arguments + ": " + e.description());
                    }
                }
            }

            assertThat(refused).isEmpty();
            assertThat(taken).isGreaterThan(200);
        }
    }

    @Test
    void whatDoesNotFitTheSchemaIsRefusedOverTheWireAndDoesNothing() throws IOException {
        try (var stage = stage();
                var client = stage.machine(List.of("running")).negotiate()) {
            var schema = stage.schema();
            var samples = new QmpSamples(schema);
            var talk = new Talk(client, new QmpJournal());
            var wrong = new ArrayList<String>();

            int refused = 0;
            for (var command : schema.names("command")) {
                for (var arguments : samples.unfittingObjects(schema.type(command, "arg-type"))) {
                    var answer = talk.ask(command, arguments);
                    if (isRefused(answer)) {
                        refused++;
                    } else {
                        wrong.add(command + " " + arguments + ": " + answer.reply());
                    }
                }
            }

            assertThat(wrong).isEmpty();
            assertThat(refused).isGreaterThan(200);
            assertThat(talk.journal.eventNames()).isEmpty();
            assertThat(talk.journal.problems(schema)).isEmpty();
        }
    }

    /// By the checker, which names the member; not by the command itself.
    private static boolean isRefused(QmpJournal.Exchange answer) {
        return answer.reply().get("error") instanceof Map<?, ?> error
                && ErrorClass.GENERIC_ERROR.text().equals(error.get("class"))
                && answer.error()
                        .matches("Parameter '.*' is (missing|unexpected)"
                                + "|Parameter '.*' does not accept value '.*'"
                                + "|Invalid parameter type for '.*', expected: [a-z]+");
    }
}
