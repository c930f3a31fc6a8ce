package io.sluice.vmm.cpu.isa;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// What binutils' `objdump` says about many instructions at once: each stands in a slot of its own, followed by NOPs,
/// so
/// that one that it reads wrongly cannot spoil the next.
final class Objdump {
    static final int SLOT = 32;

    /// @param length bytes that objdump takes for one instruction
    record Line(int length, String text) {}

    private Objdump() {}

    static List<Line> disassemble(int mode, List<byte[]> encodings) {
        byte[] image = new byte[encodings.size() * SLOT];
        Arrays.fill(image, (byte) 0x90);
        for (int i = 0; i < encodings.size(); i++) {
            byte[] encoding = encodings.get(i);
            System.arraycopy(encoding, 0, image, i * SLOT, encoding.length);
        }
        try {
            Path file = Files.createTempFile("sluice-isa", ".bin");
            try {
                Files.write(file, image);
                return run(mode, file, encodings.size());
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new AssertionError("objdump did not run; it is in Debian's package binutils", e);
        }
    }

    private static List<Line> run(int mode, Path file, int count) throws IOException {
        String machine = mode == 64 ? "i386:x86-64" : mode == 32 ? "i386" : "i8086";
        Process process = new ProcessBuilder(
                        "objdump",
                        "-D",
                        "-z",
                        "-w",
                        "-b",
                        "binary",
                        "-m",
                        machine,
                        "-M",
                        "intel,intel64",
                        "--insn-width=16",
                        file.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        Line[] lines = new Line[count];
        try (var reader =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                String[] parts = line.split("\t", 3);
                if (parts.length < 2 || !parts[0].endsWith(":")) {
                    continue;
                }
                int address = Integer.parseInt(parts[0].strip().replace(":", ""), 16);
                if (address % SLOT == 0) {
                    String text = parts.length < 3 ? "" : parts[2];
                    lines[address / SLOT] = new Line(parts[1].strip().split(" +").length, text.strip());
                }
            }
        }
        assertThatNoneIsMissing(lines);
        return new ArrayList<>(Arrays.asList(lines));
    }

    private static void assertThatNoneIsMissing(Line[] lines) {
        for (int i = 0; i < lines.length; i++) {
            if (lines[i] == null) {
                throw new AssertionError("objdump printed nothing for slot " + i);
            }
        }
    }
}
