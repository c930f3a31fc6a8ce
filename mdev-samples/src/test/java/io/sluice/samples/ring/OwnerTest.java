package io.sluice.samples.ring;

import static io.sluice.samples.ring.KeyTable.KEYS_EACH;
import static io.sluice.samples.ring.KeyTable.READ;
import static io.sluice.samples.ring.RingRig.DATA;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The owner's page.
@Timeout(120)
class OwnerTest {
    private final RingRig rig = new RingRig();

    @Test
    void theDeviceSaysWhatItIs() {
        var large = new RingRig("ring-64", 128);

        assertThat(rig.get(RingReg.IDENTITY)).isEqualTo(0x474E_4952);
        assertThat(rig.get(RingReg.CLIENTS)).isEqualTo(4);
        assertThat(rig.get(RingReg.KEYS)).isEqualTo(64);
        assertThat(rig.get(RingReg.LIMITS)).isEqualTo(0x0004_180C);
        assertThat(large.get(RingReg.CLIENTS)).isEqualTo(64);
        assertThat(large.get(RingReg.KEYS)).isEqualTo(1024);
        assertThat(large.device.regionInfo(2).size()).isEqualTo(64 * 4096);
    }

    @Test
    void registersAnswerTheirOwnSizeAndWideOnesTheirHalves() {
        rig.device.store(0, RingReg.COMMANDS.spec().offset() + 4, 4, 0x1122_3344);
        rig.device.store(0, RingReg.COMMANDS.spec().offset(), 4, 0x5566_7788);
        rig.device.store(0, RingReg.CLIENT.spec().offset(), 2, 3);
        rig.device.store(0, RingReg.CLIENT.spec().offset(), 8, 3);

        assertThat(rig.get(RingReg.COMMANDS)).isEqualTo(0x1122_3344_5566_7788L);
        assertThat(rig.device.load(0, RingReg.COMMANDS.spec().offset() + 4, 4)).isEqualTo(0x1122_3344L);
        assertThat(rig.device.load(0, RingReg.COMMANDS.spec().offset(), 2)).isEqualTo(-1);
        assertThat(rig.device.load(0, 0x18, 4)).isEqualTo(-1);
        assertThat(rig.device.load(0, 0xFF8, 8)).isEqualTo(-1);
        assertThat(rig.get(RingReg.CLIENT)).isZero();
    }

    @ParameterizedTest
    @CsvSource({"4, NO_CLIENT", "0xFFFFFFFF, NO_CLIENT", "0, DONE", "3, DONE"})
    void clientsHaveNumbersBelowTheirCount(long client, Result result) {
        assertThat(rig.create((int) client, 4, 4)).isEqualTo(result);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 4, BAD_SHAPE",
        "4, 0, BAD_SHAPE",
        "13, 4, BAD_SHAPE",
        "4, 31, BAD_SHAPE",
        "1, 1, DONE",
        "12, 12, DONE"
    })
    void ringsHaveTwoTo4096Entries(int commands, int completions, Result result) {
        assertThat(rig.create(0, commands, completions)).isEqualTo(result);
    }

    @ParameterizedTest
    @CsvSource({
        "0x1020, 0x2000, BAD_ADDRESS",
        "0x1000, 0x2008, BAD_ADDRESS",
        "0xFFFFFFFFFFFFFFC0, 0x2000, BAD_ADDRESS",
        "0x1000, 0xFFFFFFFFFFFFFFF0, BAD_ADDRESS",
        "0xFFFFFFFFFFFFFC00, 0x2000, DONE",
        "0x1040, 0x2010, DONE"
    })
    void ringsAreAlignedToTheirEntriesAndDoNotPassTheEnd(String commands, String completions, Result result) {
        rig.set(RingReg.CLIENT, 0);
        rig.set(RingReg.SHAPE, 0x0404);
        rig.set(RingReg.COMMANDS, Long.parseUnsignedLong(commands.substring(2), 16));
        rig.set(RingReg.COMPLETIONS, Long.parseUnsignedLong(completions.substring(2), 16));

        assertThat(rig.order(Order.CREATE)).isEqualTo(result);
    }

    @Test
    void aClientIsMadeOnceAndEndedOnce() {
        assertThat(rig.destroy(2)).isEqualTo(Result.NO_CLIENT);
        assertThat(rig.create(2, 4, 4)).isEqualTo(Result.DONE);
        assertThat(rig.create(2, 4, 4)).isEqualTo(Result.EXISTS);
        assertThat(rig.destroy(2)).isEqualTo(Result.DONE);
        assertThat(rig.destroy(2)).isEqualTo(Result.NO_CLIENT);
        assertThat(rig.create(2, 4, 4)).isEqualTo(Result.DONE);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 4096, 0, BAD_RIGHTS",
        "0, 4096, 4, BAD_RIGHTS",
        "0, 4096, 0xFFFFFFFF, BAD_RIGHTS",
        "0, 0, 1, BAD_ADDRESS",
        "0, -1, 1, BAD_ADDRESS",
        "-1, 2, 1, BAD_ADDRESS",
        "-1, 1, 1, DONE",
        "-4096, 4096, 3, DONE",
        "5, 3, 2, DONE"
    })
    void keysAreOfWholeRangesAndKnownRights(long first, long length, long rights, Result result) {
        rig.create(0, 4, 4);

        assertThat(rig.register(0, first, length, (int) rights)).isEqualTo(result);
    }

    @Test
    void keysAreForClientsThatAreThere() {
        assertThat(rig.register(0, DATA, 1, READ)).isEqualTo(Result.NO_CLIENT);
        rig.create(0, 4, 4);
        rig.create(1, 4, 4);
        int key = rig.key(0, DATA, 1, READ);

        assertThat(rig.deregister(1, key)).isEqualTo(Result.NO_KEY);
        assertThat(rig.deregister(0, key ^ 1 << 12)).isEqualTo(Result.NO_KEY);
        assertThat(rig.deregister(0, key)).isEqualTo(Result.DONE);
        assertThat(rig.deregister(0, key)).isEqualTo(Result.NO_KEY);
        assertThat(rig.deregister(0, 0)).isEqualTo(Result.NO_KEY);
    }

    @Test
    void aClientHasSixteenKeysWhateverTheOthersHave() {
        rig.create(0, 4, 4);
        rig.create(1, 4, 4);
        IntStream.range(0, KEYS_EACH).forEach(i -> rig.key(0, DATA, 1, READ));

        assertThat(rig.register(0, DATA, 1, READ)).isEqualTo(Result.NO_ROOM);
        assertThat(rig.register(1, DATA, 1, READ)).isEqualTo(Result.DONE);
        rig.destroy(0);
        rig.create(0, 4, 4);
        assertThat(rig.register(0, DATA, 1, READ)).isEqualTo(Result.DONE);
    }

    @Test
    void noKeyIsGivenTwiceAlsoNotAcrossResets() {
        var keys = new HashSet<Integer>();
        for (int i = 0; i < 100; i++) {
            rig.create(0, 4, 4);
            keys.add(rig.key(0, DATA, 1, READ));
            rig.set(RingReg.CONTROL, RingReg.RESET);
        }

        assertThat(keys).hasSize(100);
    }

    @Test
    void anUnknownOrderIsRefused() {
        rig.set(RingReg.ORDER, 5);
        assertThat(rig.get(RingReg.RESULT)).isEqualTo(Result.BAD_ORDER.ordinal());
        rig.set(RingReg.ORDER, 0xFFFF_FFFFL);
        assertThat(rig.get(RingReg.RESULT)).isEqualTo(Result.BAD_ORDER.ordinal());
        assertThat(rig.order(Order.NONE)).isEqualTo(Result.DONE);
    }

    @Test
    void resetLeavesNothingButConfigurationSpace() {
        var program = rig.program(1);
        rig.key(1, DATA, 1, READ);
        rig.set(RingReg.ENABLE, -1);
        program.doorbell(DoorbellReg.TAIL, 99);

        rig.set(RingReg.CONTROL, RingReg.RESET);

        assertThat(program.state()).isEqualTo(Client.State.ABSENT);
        assertThat(rig.get(RingReg.STOPPED)).isZero();
        assertThat(rig.get(RingReg.ERRORS)).isZero();
        assertThat(rig.get(RingReg.CAUSE)).isZero();
        assertThat(rig.get(RingReg.ENABLE)).isZero();
        assertThat(rig.get(RingReg.CONTROL)).isZero();
        assertThat(rig.get(RingReg.COMMANDS)).isZero();
        assertThat(rig.device.load(7, 0x04, 2)).isEqualTo(0x0006);
    }

    @Test
    void theLogKeepsTheFirstSixteenErrorsAndCountsTheRest() {
        var program = rig.program(3, 6, 6);
        for (int i = 0; i < 20; i++) {
            rig.run(program, Packet.crc(8, i, 0));
        }

        assertThat(rig.get(RingReg.ERRORS)).isEqualTo(4 << 16 | 16);
        assertThat(rig.get(RingReg.ERROR_AT)).isZero();
        rig.set(RingReg.ERROR_NEXT, 0);
        assertThat(rig.get(RingReg.ERROR_AT)).isEqualTo(1);
        assertThat(rig.get(RingReg.ERROR)).isEqualTo(1L << 31 | 3 << 8 | ErrorLog.REFUSED | Status.BAD_KEY.ordinal());
        IntStream.range(0, 40).forEach(i -> rig.set(RingReg.ERROR_NEXT, 0));
        assertThat(rig.get(RingReg.ERRORS)).isEqualTo(4 << 16);
        assertThat(rig.get(RingReg.ERROR)).isZero();
    }
}
