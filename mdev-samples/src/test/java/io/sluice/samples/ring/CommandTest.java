package io.sluice.samples.ring;

import static io.sluice.samples.ring.KeyTable.READ;
import static io.sluice.samples.ring.KeyTable.WRITE;
import static io.sluice.samples.ring.RingRig.DATA;
import static io.sluice.samples.ring.RingRig.at;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Every command, and every reason not to do one.
@Timeout(120)
class CommandTest {
    private static final int SPAN = 40 * GrantedPages.PAGE;
    private static final long SOURCE = DATA;
    private static final long TARGET = DATA + SPAN;

    private final RingRig rig = new RingRig();
    private final Program program = rig.program(1);
    private final int source = rig.key(1, SOURCE, SPAN, READ);
    private final int target = rig.key(1, TARGET, SPAN, WRITE);
    private final int both = rig.key(1, SOURCE, 2 * SPAN, READ | WRITE);
    private byte[] before = {};

    @BeforeEach
    void fill() {
        new Random(5).nextBytes(rig.memory.bytes);
        Arrays.fill(rig.memory.bytes, 0, at(DATA), (byte) 0);
        before = rig.memory.bytes.clone();
    }

    private byte[] data(long iova, int length) {
        return Arrays.copyOfRange(rig.memory.bytes, at(iova), at(iova) + length);
    }

    /// Whether all of the data outside a range is as it was.
    private boolean isKeptOutside(long first, int length) {
        int from = at(first);
        return Arrays.equals(rig.memory.bytes, at(DATA), from, before, at(DATA), from)
                && Arrays.equals(rig.memory.bytes, from + length, before.length, before, from + length, before.length);
    }

    @Test
    void nothingIsDoneWellAndItsTagComesBack() {
        var answer = rig.run(program, Packet.nop(0x1234));

        assertThat(answer).isEqualTo(new Program.Answer(0x1234, Status.DONE, 0, 0, 1));
        assertThat(rig.run(program, Packet.nop(3).withOpcode(Opcode.FENCE.ordinal()))
                        .status())
                .isEqualTo(Status.DONE);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 8, 4095, 4096, 4097, Engine.PIECE, Engine.PIECE + 1, 100_000, SPAN - 3})
    void copyMovesExactlyItsBytes(int length) {
        var answer = rig.run(program, Packet.copy(length, source, 3, target, 1));

        assertThat(answer.status()).isEqualTo(Status.DONE);
        assertThat(answer.done()).isEqualTo(length);
        assertThat(data(TARGET + 1, length))
                .isEqualTo(Arrays.copyOfRange(before, at(SOURCE) + 3, at(SOURCE) + 3 + length));
        assertThat(isKeptOutside(TARGET + 1, length)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 8, 13, Engine.PIECE, Engine.PIECE + 9, 90_001})
    void fillRepeatsItsOperand(int length) {
        var answer = rig.run(program, Packet.fill(length, target, 5, 0x0807_0605_0403_0201L));

        assertThat(answer.status()).isEqualTo(Status.DONE);
        var expected = new byte[length];
        for (int i = 0; i < length; i++) {
            expected[i] = (byte) (1 + i % 8);
        }
        assertThat(data(TARGET + 5, length)).isEqualTo(expected);
        assertThat(isKeptOutside(TARGET + 5, length)).isTrue();
    }

    @Test
    void compareFindsTheFirstDifference() {
        System.arraycopy(rig.memory.bytes, at(SOURCE), rig.memory.bytes, at(TARGET), 70_000);
        var same = rig.run(program, Packet.compare(70_000, source, 0, both, SPAN));
        rig.memory.bytes[at(TARGET) + 40_000] ^= 1;
        rig.memory.bytes[at(TARGET) + 60_000] ^= 1;

        var different = rig.run(program, Packet.compare(70_000, source, 0, both, SPAN));

        assertThat(same)
                .extracting(Program.Answer::status, Program.Answer::done)
                .containsExactly(Status.DONE, 70_000);
        assertThat(different)
                .extracting(Program.Answer::status, Program.Answer::result, Program.Answer::done)
                .containsExactly(Status.DIFFERENT, 40_000, 40_000);
    }

    @Test
    void crcIsThatOfTheStandard() {
        var sum = new CRC32C();
        sum.update(before, at(SOURCE) + 11, 50_000);

        var answer = rig.run(program, Packet.crc(50_000, source, 11));

        assertThat(answer.status()).isEqualTo(Status.DONE);
        assertThat(answer.result()).isEqualTo((int) sum.getValue());
        assertThat(isKeptOutside(TARGET, 0)).isTrue();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        BAD_OPCODE | 6   | 0    | 16
        BAD_OPCODE | 255 | 0    | 16
        BAD_FIELD  | 1   | 2    | 16
        BAD_FIELD  | 0   | 64   | 16
        BAD_LENGTH | 1   | 0    | 0
        BAD_LENGTH | 1   | 0    | -1
        BAD_LENGTH | 1   | 0    | 16777217
        BAD_RANGE  | 1   | 0    | 16777216
        """)
    void whatMeansNothingIsRefusedAndTheNextIsDone(Status status, int opcode, int flags, int length) {
        var odd = new Packet(opcode, flags, 1, length, source, target, 0, 0, 0);

        var answer = rig.run(program, odd);

        assertThat(answer).isEqualTo(new Program.Answer(1, status, 0, 0, 1));
        assertThat(isKeptOutside(TARGET, 0)).isTrue();
        assertThat(rig.run(program, Packet.nop(2)).status()).isEqualTo(Status.DONE);
    }

    @Test
    void aReservedByteThatIsSetIsRefused() {
        program.write(Packet.nop(1));
        rig.memory.bytes[at(program.commands) + 63] = 1;
        program.doorbell(DoorbellReg.TAIL, 1);
        rig.loop.run();

        assertThat(program.answer().status()).isEqualTo(Status.BAD_FIELD);
    }

    @Test
    void keysAreJudged() {
        rig.program(2);
        int others = rig.key(2, SOURCE, SPAN, READ | WRITE);
        int gone = rig.key(1, SOURCE, SPAN, READ | WRITE);
        rig.deregister(1, gone);

        assertThat(rig.run(program, Packet.copy(8, others, 0, target, 0)).status())
                .isEqualTo(Status.BAD_KEY);
        assertThat(rig.run(program, Packet.copy(8, source, 0, others, 0)).status())
                .isEqualTo(Status.BAD_KEY);
        assertThat(rig.run(program, Packet.copy(8, gone, 0, target, 0)).status())
                .isEqualTo(Status.BAD_KEY);
        assertThat(rig.run(program, Packet.copy(8, 0, 0, target, 0)).status()).isEqualTo(Status.BAD_KEY);
        assertThat(rig.run(program, Packet.copy(8, -1, 0, target, 0)).status()).isEqualTo(Status.BAD_KEY);
        assertThat(rig.run(program, Packet.copy(8, target, 0, target, 99)).status())
                .isEqualTo(Status.NO_RIGHT);
        assertThat(rig.run(program, Packet.fill(8, source, 0, 1)).status()).isEqualTo(Status.NO_RIGHT);
        assertThat(rig.run(program, Packet.crc(8, target, 0)).status()).isEqualTo(Status.NO_RIGHT);
        assertThat(rig.run(program, Packet.compare(8, source, 0, target, 0)).status())
                .isEqualTo(Status.NO_RIGHT);
        assertThat(isKeptOutside(TARGET, 0)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(longs = {SPAN - 7, SPAN, SPAN + 1, -1, Long.MIN_VALUE, Long.MAX_VALUE, -SPAN})
    void rangesAreJudgedWithoutOverflow(long offset) {
        assertThat(rig.run(program, Packet.fill(8, target, offset, 1)).status()).isEqualTo(Status.BAD_RANGE);
        assertThat(rig.run(program, Packet.crc(8, source, offset)).status()).isEqualTo(Status.BAD_RANGE);
        assertThat(isKeptOutside(TARGET, 0)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"0, 0, OVERLAP", "0, 99, OVERLAP", "99, 0, OVERLAP", "0, 100, DONE", "100, 0, DONE"})
    void aCopyOntoItselfIsRefused(long from, long to, Status status) {
        assertThat(rig.run(program, Packet.copy(100, both, from, both, to)).status())
                .isEqualTo(status);
    }

    @Test
    void whatTheUserHasNotGrantedIsAFaultBesideTheKeys() {
        rig.memory.revoke(TARGET + 8 * GrantedPages.PAGE);

        var answer = rig.run(program, Packet.fill(SPAN, target, 0, -1));

        assertThat(answer.status()).isEqualTo(Status.FAULT);
        assertThat(answer.done()).isEqualTo(2 * Engine.PIECE);
        assertThat(isKeptOutside(TARGET, 2 * Engine.PIECE)).isTrue();
        assertThat(rig.get(RingReg.ERROR)).isEqualTo(1L << 31 | 1 << 8 | ErrorLog.REFUSED | Status.FAULT.ordinal());
    }
}
