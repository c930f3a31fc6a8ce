package io.sluice.vmm.qmp;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.util.Arrays;

/// What holds of a session whatever bytes it gets.
final class SessionBytes {
    private static final String MARK = "\u0001\n{'execute':'query-kvm','id':'mark'}";

    private SessionBytes() {}

    static void check(byte[] bytes, int split) {
        var whole = new DirectSession();
        whole.send(bytes);
        var answers = whole.answers();
        var halves = new DirectSession();
        halves.send(Arrays.copyOf(bytes, split));
        halves.send(Arrays.copyOfRange(bytes, split, bytes.length));

        // Where commands run out of band their answers may overtake others, so only their number is sure.
        assertThat(halves.answers().length()).isEqualTo(answers.length());
        answers.lines().forEach(SessionBytes::checkMessage);
        assertThat(whole.ask(MARK)).contains("\"id\": \"mark\"");
        whole.session.closed();
        assertThat(whole.hub.budget().taken()).isZero();
    }

    private static void checkMessage(String line) {
        assertThat(line.chars()).allMatch(c -> c >= ' ' && c < 0x7F);
        JsonObject message = JsonText.object(line.replace("\"timestamp\": @", "\"timestamp\": 0"));
        assertThat(message.fieldNames()).containsAnyOf("QMP", "return", "error", "event");
    }
}
