package io.sluice.samples.ring;

import static io.sluice.samples.ring.KeyTable.READ;
import static io.sluice.samples.ring.KeyTable.WRITE;
import static io.sluice.samples.ring.RingRig.DATA;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What is taken away in the middle of its use is away when the call that takes it returns.
@Timeout(120)
class IsolationTest {
    private static final int LONG = 3 << 20;

    private final RingRig rig = new RingRig("ring-4", 1024);
    private final Program program = rig.program(1);
    private final int key = rig.key(1, DATA, LONG, READ | WRITE);
    private final byte[] filled = new byte[LONG];

    IsolationTest() {
        Arrays.fill(filled, (byte) -1);
    }

    /// Begins a long fill, and runs `midway` inside the strand after its first turn.
    private void midway(Runnable midway) {
        program.submit(Packet.fill(LONG, key, 0, -1));
        rig.device.strand().defer(midway);
        rig.loop.run();
    }

    private long filled() {
        int at = RingRig.at(DATA);
        return Arrays.mismatch(rig.memory.bytes, at, at + LONG, filled, 0, LONG);
    }

    @Test
    void whatNobodyDisturbsIsDoneWhole() {
        midway(() -> {});

        assertThat(program.answer().done()).isEqualTo(LONG);
        assertThat(filled()).isEqualTo(-1);
    }

    @Test
    void aClientThatIsEndedMovesNothingMore() {
        var written = new long[1];
        midway(() -> {
            rig.destroy(1);
            written[0] = rig.memory.written;
        });

        assertThat(written[0]).isBetween(1L, LONG - 1L);
        assertThat(rig.memory.written).isEqualTo(written[0]);
        assertThat(program.hasAnswer()).isFalse();
    }

    @Test
    void aKeyThatIsTakenAwayStopsTheCommandHalfDone() {
        var written = new long[1];
        midway(() -> {
            rig.deregister(1, key);
            written[0] = rig.memory.written;
        });

        var answer = program.answer();
        assertThat(answer.status()).isEqualTo(Status.BAD_KEY);
        assertThat(answer.done()).isEqualTo((int) written[0]).isEqualTo((int) filled());
        assertThat(rig.memory.written).isEqualTo(written[0] + Engine.COMPLETION_SIZE);
    }

    @Test
    void resetInFlightMovesNothingMore() {
        var written = new long[1];
        midway(() -> {
            rig.device.reset();
            written[0] = rig.memory.written;
        });

        assertThat(written[0]).isBetween(1L, LONG - 1L);
        assertThat(rig.memory.written).isEqualTo(written[0]);
        assertThat(program.state()).isEqualTo(Client.State.ABSENT);
    }

    @Test
    void theOwnersResetInFlightMovesNothingMore() {
        var written = new long[1];
        midway(() -> {
            rig.set(RingReg.CONTROL, RingReg.RESET);
            written[0] = rig.memory.written;
        });

        assertThat(rig.memory.written).isEqualTo(written[0]);
    }

    @Test
    void busMasteringThatIsTakenAwayHoldsTheCommandAndGivesItBack() {
        var written = new long[1];
        midway(() -> {
            rig.config(0x04, 2, 0x0002);
            written[0] = rig.memory.written;
        });
        assertThat(rig.memory.written).isEqualTo(written[0]);

        rig.config(0x04, 2, 0x0006);
        rig.loop.run();

        assertThat(program.answer().done()).isEqualTo(LONG);
        assertThat(filled()).isEqualTo(-1);
    }

    @Test
    void aReleasedDeviceMovesNothingMoreAndKeepsNothingForTheNextUser() {
        program.submit(Packet.fill(LONG, key, 0, -1));
        rig.device.strand().defer(rig.device::release);
        rig.loop.run();
        long written = rig.memory.written;

        rig.loop.run();

        assertThat(rig.memory.written).isEqualTo(written);
        assertThat(rig.get(RingReg.KEY)).isZero();
        assertThat(rig.get(RingReg.CLIENT)).isZero();
        assertThat(rig.device.load(7, 0x04, 2)).isZero();
    }

    @Test
    void aClientThatIsMadeAgainHasNothingOfTheOneBefore() {
        midway(() -> rig.destroy(1));
        Arrays.fill(rig.memory.bytes, 0, RingRig.at(DATA), (byte) 0);
        long written = rig.memory.written;

        var again = rig.program(1);
        var answer = rig.run(again, Packet.fill(8, key, 0, -1));

        assertThat(answer.status()).isEqualTo(Status.BAD_KEY);
        assertThat(rig.memory.written).isEqualTo(written + Engine.COMPLETION_SIZE);
    }

    @Test
    void whoeverWantsInWaitsForOneTurnAndNotForACommand() {
        var seen = new ArrayList<Long>();
        program.submit(Packet.fill(LONG, key, 0, -1));
        Runnable look = () -> seen.add(rig.memory.written);
        rig.device.strand().defer(look);
        rig.loop.run();

        assertThat(seen).hasSize(1);
        assertThat(seen.get(0)).isLessThanOrEqualTo((long) Engine.TURN * Engine.PIECE);
    }

    @Test
    void aLongCommandDoesNotKeepTheOtherClients() {
        var other = rig.program(2);
        program.submit(Packet.fill(LONG, key, 0, -1));
        other.submit(Packet.nop(9));
        var longDone = new boolean[1];
        Runnable look = () -> {
            longDone[0] = program.hasAnswer();
            assertThat(other.answer().tag()).isEqualTo(9);
        };
        // After the first turn it stands in line behind the second.
        rig.device.strand().defer(() -> rig.device.strand().defer(look));
        rig.loop.run();

        assertThat(longDone[0]).isFalse();
        assertThat(program.answer().done()).isEqualTo(LONG);
    }

    @Test
    void ringingAThousandTimesQueuesOneTurn() {
        rig.run(program, Packet.nop(1));
        program.write(Packet.nop(2));
        for (int i = 0; i < 1000; i++) {
            program.doorbell(DoorbellReg.TAIL, 2);
        }

        assertThat(rig.device.strand().backlog()).isEqualTo(1);
    }
}
