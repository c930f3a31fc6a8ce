package io.sluice.vmm.cpu.isa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.sluice.vmm.testkit.GuestCpu;
import io.sluice.vmm.testkit.HostCpu;
import io.sluice.vmm.testkit.MachineState;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Random programs of several blocks, with jumps forward, a loop and faults anywhere, leave the same state translated
/// as interpreted: as they come in at the first block or in the middle, and when they were translated once more.
///
/// `-Dsluice.isa.seed=N` looks elsewhere; `-Dsluice.isa.programs=N` longer.
@Timeout(900)
final class TranslatedProgramsTest {
    private static final long SEED = Long.getLong("sluice.isa.seed", 1);
    private static final int PROGRAMS = Integer.getInteger("sluice.isa.programs", 400);

    /// Runs of each program: it is translated in the third, and again, larger, in the last but two.
    private static final int HOT_AT = 2;

    private static final int RUNS = HOT_AT * 100 + 4;
    private static final int R15 = 15;
    private static final byte[] COUNT_DOWN = {0x49, (byte) 0xFF, (byte) 0xCF};

    private final Random random = new Random(SEED);
    private final Encodings encodings = new Encodings(random);
    private final Decoder decoder = new Decoder();
    private final List<Row> rows = Arrays.stream(IsaTable.rows().toArray(Row[]::new))
            .filter(row -> Encodings.validIn(row, 64) && isPlain(row))
            .toList();

    @Test
    void randomProgramsDoTheSameTranslated() {
        var expected = new MachineState();
        var actual = new MachineState();
        int faults = 0;
        try (var interpreting = new GuestCpu();
                var translating = new GuestCpu(HOT_AT)) {
            for (int i = 0; i < PROGRAMS; i++) {
                var before = state();
                var code = program();
                interpreting.run(64, code, before, expected);
                translating.run(64, code, before, actual);
                for (int run = 0; run < RUNS; run++) {
                    interpreting.runAgain(before, expected);
                    translating.runAgain(before, actual);

                    if (!isSame(expected, actual)) {
                        fail("seed %d, program %d, run %d: %s%nbefore      %s%ninterpreted %s%ntranslated  %s"
                                .formatted(SEED, i, run, text(code), before, expected, actual));
                    }
                    perturb(before);
                }
                faults += expected.vector == 3 ? 0 : 1;
            }
            System.out.printf(
                    "seed %d: %d programs, %d of them ended with a fault, %d instructions translated%n",
                    SEED, PROGRAMS, faults, translating.translated());
            assertThat(translating.translated()).isGreaterThan(PROGRAMS * 200L);
            assertThat(faults).isBetween(PROGRAMS / 10, PROGRAMS * 9 / 10);
        }
    }

    private static boolean isSame(MachineState a, MachineState b) {
        return Arrays.equals(a.gpr, b.gpr)
                && Arrays.equals(a.memory, b.memory)
                && Arrays.equals(a.fpu, b.fpu)
                && Arrays.equals(a.selectors, b.selectors)
                && a.rip == b.rip
                && a.rflags == b.rflags
                && a.fsBase == b.fsBase
                && a.gsBase == b.gsBase
                && a.vector == b.vector
                && a.errorCode == b.errorCode
                && a.faultAddress == b.faultAddress;
    }

    /// Integers, the stack and vectors of integers, without branches; what leaves the same result each time.
    private static boolean isPlain(Row row) {
        return switch (row.op) {
            case INVALID, RDRAND, RDSEED -> false;
            case PUSH, POP, LEAVE, CLC, STC, CMC, LAHF, SAHF, CLD, STD, MOVS, STOS, LODS, SCAS, CMPS, PUSHF -> true;
            default -> row.op.compareTo(Op.LES) < 0 || row.op.compareTo(Op.PUNPCKLBW) >= 0;
        };
    }

    private MachineState state() {
        var before = new MachineState();
        new RandomState(random).fill(before, 64);
        perturb(before);
        return before;
    }

    /// Addresses in the window, mostly, and a short loop.
    private void perturb(MachineState before) {
        for (int i = 0; i < 15; i++) {
            if (i == 4 || random.nextInt(3) != 0) {
                before.gpr[i] = HostCpu.WINDOW + 256 + 8L * random.nextInt(64);
            }
        }
        before.gpr[R15] = 1L + random.nextInt(4);
    }

    /// Instructions in a few blocks, each of which may jump over the next; then back to one of them while R15 lasts.
    private byte[] program() {
        var blocks = new byte[2 + random.nextInt(4)][];
        for (int i = 0; i < blocks.length; i++) {
            blocks[i] = block();
        }
        var code = new ByteArrayOutputStream();
        var starts = new int[blocks.length];
        for (int i = 0; i < blocks.length; i++) {
            starts[i] = code.size();
            code.writeBytes(blocks[i]);
            if (i + 1 < blocks.length) {
                // Jcc over the next block and its own jump.
                boolean last = i + 2 == blocks.length;
                code.write(0x70 | random.nextInt(16));
                code.write(blocks[i + 1].length + (last ? 0 : 2));
            }
        }
        code.writeBytes(COUNT_DOWN);
        int back = starts[random.nextInt(starts.length)] - (code.size() + 6);
        code.write(0x0F);
        code.write(0x85);
        for (int i = 0; i < 4; i++) {
            code.write(back >> 8 * i);
        }
        return code.toByteArray();
    }

    private byte[] block() {
        var code = new ByteArrayOutputStream();
        int count = 1 + random.nextInt(6);
        while (count > 0) {
            var insn = new Insn();
            var bytes = encodings.encode(rows.get(random.nextInt(rows.size())), 64, insn);
            boolean wild = mayFault(insn) && random.nextInt(40) != 0;
            if (code.size() + bytes.length < 100 && !usesCounter(insn) && !wild) {
                code.writeBytes(bytes);
                count--;
            }
        }
        return code.toByteArray();
    }

    /// Likely to end the program: it is rarely taken.
    private static boolean mayFault(Insn insn) {
        boolean near = insn.index == Insn.NO_REGISTER
                && insn.base != Insn.NO_REGISTER
                && insn.addressSize == 8
                && insn.segment < Insn.FS
                && Math.abs(insn.displacement) < 200;
        boolean wide = insn.op.compareTo(Op.PUNPCKLBW) >= 0;
        return insn.lock || hasMemory(insn) && (wide || !near) || insn.op == Op.DIV || insn.op == Op.IDIV;
    }

    private static boolean hasMemory(Insn insn) {
        for (var operand : insn.operands) {
            if (operand.kind() == Operand.Kind.MEMORY) {
                return true;
            }
        }
        return false;
    }

    private static boolean usesCounter(Insn insn) {
        if (insn.ripRelative) {
            return true;
        }
        for (var operand : insn.operands) {
            boolean register = operand.kind() == Operand.Kind.GPR && operand.number() == R15;
            if (register || operand.kind() == Operand.Kind.SEGMENT || operand.kind() == Operand.Kind.OFFSET) {
                return true;
            }
        }
        return false;
    }

    private String text(byte[] code) {
        var text = new StringBuilder(HexFormat.of().formatHex(code));
        for (int at = 0; at < code.length; ) {
            var insn = new Insn();
            int length = Math.max(1, decoder.decode(code, at, code.length - at, 64, insn));
            text.append(String.format("%n  %3d %s", at, Disassembler.format(insn, HostCpu.INSTRUCTION + at)));
            at += length;
        }
        return text.toString();
    }
}
