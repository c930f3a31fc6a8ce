package io.sluice.vmm.cpu.isa;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.testkit.HostCpu;
import io.sluice.vmm.testkit.MachineState;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Random bytes on the host's own CPU: what the decoder takes for an instruction is one there, with the same length,
/// and
/// what the decoder refuses is #UD there.
@Timeout(120)
final class HostCpuLegalityTest {
    private static final long SEED = Long.getLong("sluice.isa.seed", 1);
    private static final int TRIES = 60_000;
    private static final int BATCH = 1000;
    private static final int[] PREFIXES = {0x66, 0x67, 0xF0, 0xF2, 0xF3, 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65};
    private static final int INVALID_OPCODE = 6;
    /// System calls: they would reach the host's kernel.
    private static final List<String> DANGEROUS = List.of("0f05", "0f34", "cd80");

    /// Opcodes, with their map, where CPUs have instructions that the table has not: AVX and XOP, SHA, AES, GFNI,
    /// PCLMUL,
    /// SSE4A, 3DNow!, VMX and SVM, CET, MPX, and AMD's LOCK MOV CR0.
    private static final Set<Integer> BEYOND = Set.of(
            0x62, 0x8F, 0xC4, 0xC5, 0x10F, 0x101, 0x120, 0x122, 0x12B, 0x178, 0x179, 0x11A, 0x11B, 0x1AE, 0x1C7, 0x100,
            0x2C8, 0x2C9, 0x2CA, 0x2CB, 0x2CC, 0x2CD, 0x2CF, 0x2D8, 0x2DB, 0x2DC, 0x2DD, 0x2DE, 0x2DF, 0x280, 0x281,
            0x2F5, 0x2F6, 0x2F8, 0x2FA, 0x2FB, 0x2FC, 0x30F, 0x344, 0x3CC, 0x3CE, 0x3CF, 0x3DF, 0x3F0, 0x137);

    /// The same on Intel's: PREFETCHW of a register is a NOP there, and TSX may work where CPUID hides it.
    private static final Set<Integer> BEYOND_ON_INTEL = Set.of(0x10D, 0xC6, 0xC7);

    private final Random random = new Random(SEED);
    private final Decoder decoder = new Decoder();
    private final HostFacts facts = HostFacts.read();
    private final List<String> differences = new ArrayList<>();
    private int legal;

    @ParameterizedTest
    @ValueSource(ints = {64, 32})
    void theDecoderTakesForInstructionsWhatTheHostTakesForInstructions(int mode) {
        try (var host = HostCpu.start()) {
            for (int done = 0; done < TRIES; done += BATCH) {
                runBatch(host, mode);
            }
        }

        System.out.println("mode " + mode + ", seed " + SEED + ": " + TRIES + " byte strings, " + legal + " legal");
        assertThat(legal).isGreaterThan(TRIES / 5);
        assertThat(differences).isEmpty();
    }

    private void runBatch(HostCpu host, int mode) {
        var code = new byte[BATCH][];
        var insns = new Insn[BATCH];
        var lengths = new int[BATCH];
        var before = new MachineState[BATCH];
        var after = new MachineState[BATCH];
        for (int i = 0; i < BATCH; i++) {
            insns[i] = new Insn();
            do {
                code[i] = bytes(mode);
                lengths[i] = decoder.decode(code[i], 0, code[i].length, mode, insns[i]);
            } while (isDangerous(code[i], insns[i], lengths[i]));
            code[i] = withoutTail(code[i], insns[i], lengths[i]);
            before[i] = state();
            after[i] = new MachineState();
        }
        host.run(mode, code, before, after, BATCH);
        for (int i = 0; i < BATCH; i++) {
            String difference = judge(code[i], insns[i], lengths[i], after[i]);
            if (!difference.isEmpty()) {
                differences.add(mode + "-bit " + HexFormat.of().formatHex(code[i]) + ": " + difference);
            }
        }
    }

    private byte[] bytes(int mode) {
        byte[] bytes = new byte[Decoder.MAX_LENGTH];
        random.nextBytes(bytes);
        int at = 0;
        for (int prefixes = random.nextInt(4); prefixes > 0; prefixes--) {
            boolean rex = mode == 64 && random.nextInt(4) == 0;
            bytes[at++] = (byte) (rex ? 0x40 + random.nextInt(16) : PREFIXES[random.nextInt(PREFIXES.length)]);
        }
        int map = random.nextInt(5);
        if (map > 0) {
            bytes[at++] = 0x0F;
        }
        if (map > 2) {
            bytes[at] = (byte) (map == 3 ? 0x38 : 0x3A);
        }
        return bytes;
    }

    /// System calls, and branches into themselves, which would not end.
    private static boolean isDangerous(byte[] bytes, Insn insn, int length) {
        String hex = HexFormat.of().formatHex(bytes);
        boolean branch = length > 0
                && insn.operands.length > 0
                && insn.operands[0].kind() == Operand.Kind.RELATIVE
                && insn.imm < 16
                && insn.imm > -64;
        return branch || DANGEROUS.stream().anyMatch(hex::contains);
    }

    /// What follows an instruction, or the ModRM byte of a refused one, must not run.
    private static byte[] withoutTail(byte[] bytes, Insn insn, int length) {
        if (length > 0) {
            return Arrays.copyOf(bytes, length);
        }
        byte[] cut = bytes.clone();
        Arrays.fill(cut, Math.min(insn.length + 1, cut.length), cut.length, (byte) 0xCC);
        return cut;
    }

    private static MachineState state() {
        var state = new MachineState();
        Arrays.fill(state.gpr, HostCpu.WINDOW + 512);
        state.gpr[1] = 3;
        state.rflags = 0x202;
        // FCW 037F, MXCSR 1F80
        state.fpu[0] = 0x7F;
        state.fpu[1] = 0x03;
        state.fpu[24] = (byte) 0x80;
        state.fpu[25] = 0x1F;
        return state;
    }

    private String judge(byte[] code, Insn insn, int length, MachineState after) {
        boolean refused = after.vector == INVALID_OPCODE;
        if (length == Decoder.ILLEGAL) {
            boolean beyond = BEYOND.contains(opcode(code)) || facts.isIntel() && BEYOND_ON_INTEL.contains(opcode(code));
            return refused || beyond ? "" : "we refuse it, the host does not";
        }
        if (length < 0) {
            return "";
        }
        legal++;
        Row row = IsaTable.row(insn.row);
        boolean inPlace = after.rip == HostCpu.INSTRUCTION;
        if (refused && inPlace && facts.has(row.feature) && !isAlwaysRefused(insn)) {
            return "the host refuses it: " + row;
        }
        boolean went = after.vector == MachineState.NO_FAULT && !branches(insn);
        return went && after.rip != HostCpu.INSTRUCTION + length ? "the host takes another length: " + row : "";
    }

    private boolean isAlwaysRefused(Insn insn) {
        return switch (insn.op) {
            case UD0, UD1, UD2, RSM, CLAC, STAC, MONITOR, MWAIT, RDPID -> true;
            case SYSEXIT, SYSENTER, SYSRET -> true;
            default -> false;
        };
    }

    private static boolean branches(Insn insn) {
        return switch (insn.op) {
            case JMP, CALL, RET, JMP_FAR, CALL_FAR, RET_FAR, IRET, LOOP, LOOPE, LOOPNE, JCXZ, INT1, INT3, INTO -> true;
            default -> insn.operands.length > 0 && insn.operands[0].kind() == Operand.Kind.RELATIVE;
        };
    }

    /// Map and opcode behind the prefixes.
    private static int opcode(byte[] code) {
        int at = 0;
        while (at < code.length - 3 && isPrefix(code[at] & 0xFF)) {
            at++;
        }
        if (code[at] != 0x0F) {
            return code[at] & 0xFF;
        }
        int second = code[at + 1] & 0xFF;
        if (second == 0x38 || second == 0x3A) {
            return (second == 0x38 ? 0x200 : 0x300) | code[at + 2] & 0xFF;
        }
        return 0x100 | second;
    }

    private static boolean isPrefix(int value) {
        return (value & 0xF0) == 0x40 || Arrays.stream(PREFIXES).anyMatch(prefix -> prefix == value);
    }
}
