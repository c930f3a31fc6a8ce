package io.sluice.vmm.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.trace.Item;
import io.sluice.vmm.trace.TraceRecord;
import io.vertx.core.json.JsonObject;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class JsonFormatTest {
    private static final Instant NOON = Instant.parse("2026-11-21T12:00:00.000007Z");

    private final JsonFormat format = new JsonFormat("vm\"1");

    private String line(String text) {
        return format.format(new TraceRecord(NOON, Level.DEBUG, Item.MDEV, text, "io-loop-0"));
    }

    @Test
    void aRecordIsOneObjectInOneLine() {
        assertThat(line("a \"b\"\nc")).isEqualTo("""
                {"time":"2026-11-21T12:00:00.000007Z","level":"debug","item":"mdev","message":"a \\"b\\"\\nc",\
                "vm":"vm\\"1","thread":"io-loop-0"}
                """);
    }

    @Test
    void aMessageOfTheProgramSaysSo() {
        var line = format.format(new TraceRecord(NOON, Level.ERROR, null, "no", "main"));

        assertThat(new JsonObject(line).getMap())
                .containsEntry("item", "message")
                .containsEntry("level", "error");
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4})
    void whateverAGuestSaysTheLineIsValid(long seed) {
        var random = new SplittableRandom(seed);
        for (int turn = 0; turn < 500; turn++) {
            var bytes = new byte[random.nextInt(64)];
            random.nextBytes(bytes);
            var hostile = new String(bytes, StandardCharsets.UTF_16BE) + new String(bytes, StandardCharsets.ISO_8859_1);

            var line = line(hostile + ".");

            assertThat(line).matches("[ -~]+\\n");
            assertThat(new JsonObject(line).getString("message"))
                    .isEqualTo(
                            new String((hostile + ".").getBytes(StandardCharsets.UTF_16BE), StandardCharsets.UTF_16BE));
        }
    }

    @Test
    void halfACharacterIsReplaced() {
        assertThat(new JsonObject(line("a\uD800b\uDC00c")).getString("message")).isEqualTo("a\uFFFDb\uFFFDc");
    }

    @Test
    void aPairOfHalvesStays() {
        assertThat(new JsonObject(line("\uD83D\uDE00")).getString("message")).isEqualTo("\uD83D\uDE00");
    }

    @Test
    void aTextWithoutEndIsCut() {
        assertThat(line("x".repeat(1 << 20)).length()).isLessThan(1 << 17);
    }

    @Test
    void linesThatWereLostAreAnObjectToo() {
        assertThat(new JsonObject(format.lost(7)).getString("message"))
                .isEqualTo("log: 7 records were dropped: they are not read fast enough");
    }
}
