package io.sluice.vmm.cpu.isa;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class DecoderTest {
    private final Decoder decoder = new Decoder();
    private final Insn insn = new Insn();

    private int decode(int mode, String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
        return decoder.decode(bytes, 0, bytes.length, mode, insn);
    }

    @ParameterizedTest
    @CsvSource(textBlock = """
            64, 48 8b 05 10 00 00 00,       'mov rax,QWORD PTR [rip+0x10]'
            64, f0 48 0f c7 0f,             'lock cmpxchg16b OWORD PTR [rdi]'
            64, 66 f3 0f bc c0,             'tzcnt ax,ax'
            64, f2 0f bc c0,                'bsf eax,eax'
            64, 66 f2 0f 38 f1 c0,          'crc32 eax,ax'
            64, 66 f2 0f 58 c1,             'addsd xmm0,xmm1'
            64, 41 90,                      'xchg r8d,eax'
            64, 90,                         'nop'
            64, f3 90,                      'pause'
            64, 40 88 e0,                   'mov al,spl'
            64, 88 e0,                      'mov al,ah'
            64, 48 66 01 c0,                'add ax,ax'
            64, 66 e8 01 00 00 00,          'call 0x1007'
            64, 66 50,                      'push ax'
            64, 48 63 c1,                   'movsxd rax,ecx'
            32, 63 c1,                      'arpl cx,ax'
            32, c5 06,                      'lds eax,FWORD PTR [esi]'
            32, c4 e2 78 f2 c1,             'andn eax,eax,ecx'
            64, c4 e2 f8 f2 c1,             'andn rax,rax,rcx'
            16, 8b 46 05,                   'mov ax,WORD PTR [bp+0x5]'
            16, 67 8b 44 24 04,             'mov ax,WORD PTR [esp+0x4]'
            16, ea 34 12 00 f0,             'jmp 0xf000:0x1234'
            16, 66 ea 78 56 34 12 08 00,    'jmpd 0x8:0x12345678'
            64, 67 a1 78 56 34 12,          'mov eax,ds:0x12345678'
            64, 0f 01 f8,                   'swapgs'
            32, d6,                         'salc'
            64, f3 0f 1e fa,                'endbr64'
            64, f2 0f 38 f8 03,             'enqcmd rax,[rbx]'
            64, 67 f2 0f 38 f8 03,          'enqcmd eax,[ebx]'
            """)
    void encodingsReadAsIntelMeansThem(int mode, String hex, String text) {
        int length = decode(mode, hex);

        assertThat(length).isEqualTo(hex.replace(" ", "").length() / 2);
        assertThat(Disassembler.format(insn, 0x1000).replace("jmpd", "jmp")).isEqualTo(text.replace("jmpd", "jmp"));
    }

    @ParameterizedTest
    @CsvSource({
        "64, f0 01 c0",
        "64, f0 39 00",
        "64, f0 89 00",
        "64, 06",
        "64, 27",
        "64, 9a 00 00 00 00 00 00",
        "64, c4 e2 fc f2 c1",
        "64, 66 c4 e2 f8 f2 c1",
        "64, 40 c4 e2 f8 f2 c1",
        "64, c4 e2 70 f3 c0",
        "64, c5 f8 77",
        "64, 62 f1 7c 48 58 c0",
        "64, 0f 20 c8",
        "64, 8e c8",
        "64, 8c f0",
        "64, 0f 38 f8 c0",
        "64, 66 0f 38 f8 c0",
        "64, f2 0f 38 f8 c0",
        "32, 0f 01 f8",
        "64, 0f 0f c0 b4",
        "64, 0f 01 c1",
        "64, c8 00",
        "64, fe f8",
    })
    void whatIsNotAnInstructionIsNot(int mode, String hex) {
        int answer = decode(mode, hex);

        assertThat(answer).isIn(Decoder.ILLEGAL, Decoder.NEED_MORE);
        assertThat(insn.op).isEqualTo(Op.INVALID);
    }

    @Test
    void aLockedRegisterIsIllegal() {
        assertThat(decode(64, "f0 0f c1 c0")).isEqualTo(Decoder.ILLEGAL);
        assertThat(decode(64, "f0 0f c1 00")).isEqualTo(4);
        assertThat(insn.lock).isTrue();
    }

    @Test
    void fifteenBytesAreLegalAndSixteenAreNot() {
        String prefixes = "66".repeat(14);

        assertThat(decode(64, prefixes + "90")).isEqualTo(15);
        assertThat(decode(64, prefixes + "6690")).isEqualTo(Decoder.TOO_LONG);
        assertThat(decode(64, prefixes + "0500")).isEqualTo(Decoder.TOO_LONG);
    }

    @Test
    void lengthIsJudgedBeforeLegality() {
        assertThat(decode(64, "f0".repeat(14) + "0500")).isEqualTo(Decoder.TOO_LONG);
    }

    @Test
    void bytesThatCannotBeFetchedAreJudgedBeforeAnythingElse() {
        assertThat(decode(64, "f0".repeat(14))).isEqualTo(Decoder.NEED_MORE);
        assertThat(decode(64, "f0 81 c0 00")).isEqualTo(Decoder.NEED_MORE);
    }

    @Test
    void inSixtyFourBitModeOnlyFsAndGsOverride() {
        decode(64, "2e 8b 00");
        assertThat(insn.segment).isEqualTo(Insn.DS);

        decode(64, "64 8b 00");
        assertThat(insn.segment).isEqualTo(Insn.FS);

        decode(64, "64 2e 8b 00");
        assertThat(insn.segment).isEqualTo(Insn.FS);

        decode(32, "2e 8b 00");
        assertThat(insn.segment).isEqualTo(Insn.CS);
    }

    @Test
    void stackBasesUseTheStackSegmentAndTheirExtendedTwinsDoNot() {
        decode(64, "8b 45 00");
        assertThat(insn.segment).isEqualTo(Insn.SS);

        decode(64, "41 8b 45 00");
        assertThat(insn.segment).isEqualTo(Insn.DS);

        decode(64, "8b 04 24");
        assertThat(insn.segment).isEqualTo(Insn.SS);

        decode(64, "8b 04 2d 00 00 00 00");
        assertThat(insn.segment).isEqualTo(Insn.DS);
    }

    @Test
    void everyShorterFetchOfALegalInstructionNeedsMore() {
        var samples = Samples.ofEveryRow(new Random(7), 64, 2);

        assertThat(samples).allSatisfy(sample -> {
            for (int given = 0; given < sample.bytes().length; given++) {
                assertThat(decoder.decode(sample.bytes(), 0, given, 64, insn)).isEqualTo(Decoder.NEED_MORE);
            }
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 32, 64})
    void randomBytesNeverThrowAndNeverDependOnWhatIsNotAvailable(int mode) {
        var random = new Random(mode);
        byte[] bytes = new byte[24];
        byte[] other = new byte[24];
        for (int i = 0; i < 300_000; i++) {
            random.nextBytes(bytes);
            int available = random.nextInt(17);
            int answer = decoder.decode(bytes, 3, available, mode, insn);
            random.nextBytes(other);
            System.arraycopy(bytes, 3, other, 3, available);

            assertThat(decoder.decode(other, 3, available, mode, insn)).isEqualTo(answer);
            assertThat(answer).isBetween(Decoder.TOO_LONG, Math.min(available, Decoder.MAX_LENGTH));
        }
    }

    @Test
    void operandsAreShared() {
        decode(64, "01 c0");
        Operand[] first = Arrays.copyOf(insn.operands, 2);

        decode(64, "01 c0");

        assertThat(insn.operands[0]).isSameAs(first[0]);
    }
}
