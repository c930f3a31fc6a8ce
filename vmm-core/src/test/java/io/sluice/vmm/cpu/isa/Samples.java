package io.sluice.vmm.cpu.isa;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// Encodings to try.
final class Samples {
    private static final int[] MODES = {16, 32, 64};

    private Samples() {}

    /// `each` encodings of every row that exists in `mode`.
    static List<Sample> ofEveryRow(Random random, int mode, int each) {
        var encodings = new Encodings(random);
        var samples = new ArrayList<Sample>();
        for (Row row : IsaTable.rows()) {
            for (int i = 0; i < each && Encodings.validIn(row, mode); i++) {
                var insn = new Insn();
                samples.add(new Sample(mode, encodings.encode(row, mode, insn), insn));
            }
        }
        return samples;
    }

    /// The legal ones among `tries` runs of random bytes.
    static List<Sample> ofRandomBytes(Random random, int mode, int tries) {
        var decoder = new Decoder();
        var samples = new ArrayList<Sample>();
        byte[] bytes = new byte[Decoder.MAX_LENGTH];
        for (int i = 0; i < tries; i++) {
            random.nextBytes(bytes);
            var insn = new Insn();
            int length = decoder.decode(bytes, 0, bytes.length, mode, insn);
            if (length > 0) {
                samples.add(new Sample(mode, Arrays.copyOf(bytes, length), insn));
            }
        }
        return samples;
    }

    /// One line a row and mode: mode, bytes, text.
    static String listing(Random random) {
        var encodings = new Encodings(random);
        var text = new StringBuilder();
        for (Row row : IsaTable.rows()) {
            int mode = MODES[row.number % 3];
            if (Encodings.validIn(row, mode)) {
                var insn = new Insn();
                byte[] bytes = encodings.encode(row, mode, insn);
                text.append("%d %-30s %s%n"
                        .formatted(mode, new Sample(mode, bytes, insn).hex(), Disassembler.format(insn, 0x1000)));
            }
        }
        return text.toString();
    }
}
