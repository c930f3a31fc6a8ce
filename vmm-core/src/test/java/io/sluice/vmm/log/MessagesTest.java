package io.sluice.vmm.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.vmm.trace.Trace;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

final class MessagesTest {
    private static final Logger OURS = LoggerFactory.getLogger(MessagesTest.class);
    private static final Logger LIBRARY = LoggerFactory.getLogger("org.example.Library");

    private static String said(MessageStyle style, Consumer<Messages> say) {
        var stream = new ByteArrayOutputStream();
        try (var messages = Messages.to(stream)) {
            messages.style(style);
            say.accept(messages);
        }
        return stream.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aMessageIsOneLineWithTheProgramsName() {
        assertThat(said(MessageStyle.PLAIN, messages -> OURS.error("no {} here", "file")))
                .isEqualTo("sluice: no file here\n");
    }

    @Test
    void aWarningSaysThatItIsOne() {
        assertThat(said(MessageStyle.PLAIN, messages -> OURS.warn("slow"))).isEqualTo("sluice: warning: slow\n");
    }

    @Test
    void aFailureIsNamed() {
        assertThat(said(MessageStyle.PLAIN, messages -> OURS.error("broken", new IOException("disk"))))
                .isEqualTo("sluice: broken: java.io.IOException: disk\n");
    }

    @Test
    void aLibraryOnlyWarns() {
        var text = said(MessageStyle.PLAIN, messages -> {
            LIBRARY.info("started");
            LIBRARY.warn("odd");
        });

        assertThat(text).isEqualTo("sluice: warning: org.example.Library: odd\n");
    }

    @Test
    void timeAndGuestComeFirst() {
        assertThat(said(new MessageStyle(true, true, false, "vm1"), messages -> OURS.error("no")))
                .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z vm1 sluice: no\n");
    }

    @Test
    void aMachineWithoutANameHasNone() {
        assertThat(said(new MessageStyle(false, true, false, ""), messages -> OURS.error("no")))
                .isEqualTo("sluice: no\n");
    }

    @Test
    void whatAGuestSaysDoesNotReachTheTerminalAsItIs() {
        assertThat(said(MessageStyle.PLAIN, messages -> OURS.error("panic: \u001b[2J\nsluice: all is well\u009b")))
                .isEqualTo("sluice: panic: \\x1b[2J\\x0asluice: all is well\\x9b\n");
    }

    @Test
    void anErrorIsJsonToo() {
        var text = said(new MessageStyle(false, false, true, "vm1"), messages -> OURS.error("no \"disk\""));

        assertThat(new JsonObject(text).getMap())
                .containsEntry("level", "error")
                .containsEntry("item", "message")
                .containsEntry("message", "no \"disk\"")
                .containsEntry("vm", "vm1")
                .containsEntry("thread", Thread.currentThread().getName());
    }

    @Test
    void whoListensToTheMachineHearsMessagesToo() {
        var heard = new ArrayList<String>();
        var trace = new Trace("vm1", told -> {});
        trace.attach(told -> heard.add(told.text()), Set.of(), true);

        said(MessageStyle.PLAIN, messages -> {
            messages.tell(trace);
            OURS.error("no");
        });

        assertThat(heard).isEqualTo(List.of("no"));
    }

    @Test
    void aFileNameTakesTheProcess() throws IOException {
        assertThat(LogFile.path("/tmp/a%d.log"))
                .isEqualTo(Path.of("/tmp/a" + ProcessHandle.current().pid() + ".log"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a%d%d", "a%s", "a%", "%d/%%"})
    void aFileNameTakesNothingElse(String name) {
        assertThatThrownBy(() -> LogFile.path(name)).hasMessageContaining("invalid log file name");
    }
}
