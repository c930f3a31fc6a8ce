package io.sluice.vmm.gdb;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
final class PacketReaderTest {
    private final PacketReader reader = new PacketReader();

    private List<PacketEvent> read(String line) {
        var events = new ArrayDeque<PacketEvent>();
        reader.take(line.getBytes(StandardCharsets.ISO_8859_1), events);
        return List.copyOf(events);
    }

    private String payload(String line) {
        return read(line).stream()
                .map(event -> event instanceof PacketEvent.Packet packet
                        ? new String(packet.payload(), StandardCharsets.ISO_8859_1)
                        : event.getClass().getSimpleName())
                .reduce("", (a, b) -> a.isEmpty() ? b : a + "|" + b);
    }

    @ParameterizedTest
    @CsvSource(textBlock = """
            # what is sent,             what is found
            $g#67,                      g
            +++$g#67+,                  g
            noise$g#67,                 g
            $qC#b4$g#67,                qC|g
            $lost$g#67,                 g
            $g#66,                      Damaged
            $g#zz,                      Damaged
            $g#6Z,                      Damaged
            $a}\\003b#43,                'a#b'
            $0* #7a,                    0000
            $* #4a,                     Damaged
            -,                          Refused
            \\003,                       Interrupt
            $m0,                        ''
            """, ignoreLeadingAndTrailingWhitespace = true)
    void packetsAreFoundInWhatComes(String line, String found) {
        assertThat(payload(line.replace("\\003", "\003"))).isEqualTo(found);
    }

    @Test
    void theInterruptCharacterInsideAPacketIsData() {
        assertThat(payload("$X\003#5b")).isEqualTo("X\003");
    }

    @Test
    void whatWeFrameIsReadBackWhateverItHolds() {
        var all = new StringBuilder();
        for (char c = 0; c < 256; c++) {
            all.append(c);
        }

        assertThat(payload(new String(PacketFrame.of(all.toString()), StandardCharsets.ISO_8859_1)))
                .isEqualTo(all.toString());
    }

    @Test
    void aPacketOfTheMostBytesIsTakenAndALongerOneIsDroppedWhole() {
        assertThat(payload(GdbClient.framed("m".repeat(PacketReader.MOST)))).hasSize(PacketReader.MOST);
        assertThat(payload(GdbClient.framed("m".repeat(PacketReader.MOST + 1)) + "$g#67"))
                .isEqualTo("TooLong|g");
    }

    @Test
    void runLengthsDoNotMakeAPacketLongerThanItMayBe() {
        int runs = PacketReader.MOST / 90;
        int sum = '0' + runs * ('*' + '~');

        assertThat(payload("$0" + "*~".repeat(runs) + String.format("#%02x", sum & 0xFF)))
                .isEqualTo("TooLong");
    }

    @Test
    void anyBytesEndInEventsAndTheNextGoodPacketIsFound() {
        long seed = new SplittableRandom().nextLong();
        var random = new SplittableRandom(seed);
        var kinds = "$#}*+-\003q0a";

        for (int round = 0; round < 2000; round++) {
            var line = new StringBuilder();
            for (int i = random.nextInt(200); i > 0; i--) {
                line.append(
                        random.nextBoolean()
                                ? kinds.charAt(random.nextInt(kinds.length()))
                                : (char) random.nextInt(256));
            }
            read(line.toString());
            // Whatever state that left, two ends bring the reader back between packets.
            read("000#00#00");

            assertThat(payload("$g#67")).as("seed %d", seed).isEqualTo("g");
        }
    }
}
