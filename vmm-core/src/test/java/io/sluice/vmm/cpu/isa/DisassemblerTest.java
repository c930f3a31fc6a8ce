package io.sluice.vmm.cpu.isa;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The decoder and the disassembler against binutils. Needs `objdump` (Debian's package binutils).
@Timeout(120)
final class DisassemblerTest {
    /// Slots of one image: branch targets must stay below 64 KiB, where 16-bit and 32-bit truncation agree.
    private static final int CHUNK = 2000;

    private static final long SEED = 20251121;

    @ParameterizedTest
    @ValueSource(ints = {16, 32, 64})
    void everyRowReadsAsObjdumpReadsIt(int mode) {
        List<Sample> samples = Samples.ofEveryRow(new Random(SEED), mode, 12);
        var disagreements = new ObjdumpDisagreements();

        List<String> differences = compare(mode, samples, disagreements);

        System.out.println("mode " + mode + ": " + samples.size() + " encodings (seed " + SEED
                + "), known disagreements " + disagreements.met());
        assertThat(samples).hasSizeGreaterThan(9_000);
        assertThat(differences).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 32, 64})
    void randomBytesThatAreLegalHaveTheLengthThatObjdumpGivesThem(int mode) {
        List<Sample> samples = Samples.ofRandomBytes(new Random(SEED), mode, 10_000);
        var disagreements = new ObjdumpDisagreements();

        List<String> differences = compare(mode, samples, disagreements);

        assertThat(samples).hasSizeGreaterThan(5_000);
        assertThat(differences).isEmpty();
    }

    /// Renewed by hand: run with `-Dsluice.golden=print` and look at what changed.
    @Test
    void aSampleOfEveryOperationReadsAsTheGoldenFileSays() throws IOException {
        String text = Samples.listing(new Random(1));

        if ("print".equals(System.getProperty("sluice.golden"))) {
            System.out.print(text);
        }
        try (var golden = DisassemblerTest.class.getResourceAsStream("disassembly.golden.txt")) {
            assertThat(golden).isNotNull();
            assertThat(text).isEqualTo(new String(golden.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    private static List<String> compare(int mode, List<Sample> samples, ObjdumpDisagreements disagreements) {
        var differences = new ArrayList<String>();
        for (int first = 0; first < samples.size(); first += CHUNK) {
            List<Sample> chunk = samples.subList(first, Math.min(first + CHUNK, samples.size()));
            List<Objdump.Line> lines =
                    Objdump.disassemble(mode, chunk.stream().map(Sample::bytes).toList());
            for (int i = 0; i < chunk.size(); i++) {
                Sample sample = chunk.get(i);
                Objdump.Line line = lines.get(i);
                String theirs = ObjdumpText.normalise(line.text());
                String ours = ObjdumpText.normalise(Disassembler.format(sample.insn(), (long) i * Objdump.SLOT));
                boolean sameLength = line.length() == sample.bytes().length;
                if (!(sameLength && ours.equals(theirs)) && !disagreements.excuses(sample.insn(), sameLength, theirs)) {
                    differences.add("%s: ours %d '%s', objdump's %d '%s' (%s)"
                            .formatted(sample, sample.bytes().length, ours, line.length(), theirs, line.text()));
                }
            }
        }
        return differences;
    }
}
