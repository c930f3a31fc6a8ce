package io.sluice.samples.ring;

import static io.sluice.samples.ring.RingRig.at;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.vfio.Eventfd;
import io.sluice.vfio.vfio.SetIrqs;
import io.sluice.vfio.vfio.VfioIrq;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Rings, doorbells and interrupts.
@Timeout(120)
class FlowTest {
    private final RingRig rig = new RingRig();

    @ParameterizedTest
    @CsvSource({"1, 1", "1, 6", "6, 1", "3, 5", "8, 12"})
    void ringsWrapManyTimesAndKeepTheOrder(int logCommands, int logCompletions) {
        rig.set(RingReg.CLIENT, 3);
        rig.set(RingReg.SHAPE, logCommands | logCompletions << 8);
        rig.set(RingReg.COMMANDS, RingRig.DATA);
        rig.set(RingReg.COMPLETIONS, RingRig.RINGS);
        assertThat(rig.order(Order.CREATE)).isEqualTo(Result.DONE);
        var ring = new Program(
                rig.device, rig.memory, 3, RingRig.DATA, 1 << logCommands, RingRig.RINGS, 1 << logCompletions);

        for (int i = 0; i < 9000; i++) {
            assertThat(rig.run(ring, Packet.nop(i & 0xFFFF)).tag()).isEqualTo((short) i);
        }
        assertThat(ring.reason()).isEqualTo(StopReason.NONE);
    }

    @Test
    void manyCommandsGoByOneDoorbell() {
        var program = rig.program(0, 6, 6);
        for (int i = 0; i < 62; i++) {
            program.write(Packet.nop(i));
        }
        program.submit(Packet.nop(62));
        rig.loop.run();

        for (int i = 0; i < 63; i++) {
            assertThat(program.answer().tag()).isEqualTo(i);
        }
        assertThat(program.hasAnswer()).isFalse();
    }

    @Test
    void aFullCompletionRingHoldsTheClientUntilItLooks() {
        var program = rig.program(0, 6, 1);
        program.write(Packet.nop(1));
        program.write(Packet.nop(2));
        program.submit(Packet.nop(3));
        rig.loop.run();

        assertThat(program.doorbell(DoorbellReg.HEAD)).isEqualTo(1);
        assertThat(program.answer().tag()).isEqualTo(1);
        rig.loop.run();
        assertThat(program.answer().tag()).isEqualTo(2);
        rig.loop.run();
        assertThat(program.answer().tag()).isEqualTo(3);
        assertThat(program.state()).isEqualTo(Client.State.RUNNING);
    }

    @Test
    void aDoorbellForWhatWasNotWrittenStopsTheClientAndNoOther() {
        var program = rig.program(0);
        var other = rig.program(1);
        program.write(Packet.nop(1));
        program.doorbell(DoorbellReg.TAIL, 2);
        rig.loop.run();

        assertThat(program.answer().tag()).isEqualTo(1);
        assertThat(program.state()).isEqualTo(Client.State.STOPPED);
        assertThat(program.reason()).isEqualTo(StopReason.STALE_COMMAND);
        assertThat(rig.get(RingReg.STOPPED)).isEqualTo(1);
        assertThat(rig.get(RingReg.ERROR)).isEqualTo(1L << 31 | StopReason.STALE_COMMAND.ordinal());
        assertThat(rig.get(RingReg.ERROR_AT)).isEqualTo(1);
        assertThat(rig.run(other, Packet.nop(5)).tag()).isEqualTo(5);
    }

    @Test
    void whatTheLastPassLeftIsStaleInThisOne() {
        var program = rig.program(0, 1, 4);
        rig.run(program, Packet.nop(1));
        rig.run(program, Packet.nop(2));
        program.doorbell(DoorbellReg.TAIL, 1);
        rig.loop.run();

        assertThat(program.reason()).isEqualTo(StopReason.STALE_COMMAND);
    }

    @ParameterizedTest
    @CsvSource({"TAIL, 16", "TAIL, -1", "SEEN, 16", "SEEN, 1", "SEEN, 15", "SEEN, -2147483648", "ARM, 16", "ARM, -1"})
    void anIndexThatCannotBeStopsTheClient(DoorbellReg doorbell, int index) {
        var program = rig.program(2);

        program.doorbell(doorbell, index);

        assertThat(program.state()).isEqualTo(Client.State.STOPPED);
        assertThat(program.reason()).isEqualTo(StopReason.BAD_DOORBELL);
        assertThat(rig.get(RingReg.ERROR_AT)).isEqualTo(index & 0xFFFF_FFFFL);
        program.submit(Packet.nop(1));
        rig.loop.run();
        assertThat(program.hasAnswer()).isFalse();
    }

    @Test
    void aStoppedClientComesBackByBeingMadeAgain() {
        var program = rig.program(2);
        program.doorbell(DoorbellReg.TAIL, 77);
        rig.destroy(2);
        Arrays.fill(rig.memory.bytes, 0, at(RingRig.DATA), (byte) 0);

        var again = rig.program(2);

        assertThat(rig.run(again, Packet.nop(6)).tag()).isEqualTo(6);
        assertThat(rig.get(RingReg.STOPPED)).isZero();
    }

    @Test
    void ringsThatCannotBeReachedStopTheClient() {
        var first = rig.program(0);
        var second = rig.program(1);
        rig.memory.revoke(first.commands);
        rig.memory.revoke(second.completions);
        first.submit(Packet.nop(1));
        rig.loop.run();
        second.submit(Packet.nop(1));
        rig.loop.run();

        assertThat(first.reason()).isEqualTo(StopReason.COMMAND_RING_FAULT);
        assertThat(second.reason()).isEqualTo(StopReason.COMPLETION_RING_FAULT);
        assertThat(rig.get(RingReg.ERROR_AT)).isEqualTo(first.commands);
    }

    @Test
    void aDoorbellPageShowsItsOwnClientAlone() {
        rig.program(0);
        var program = rig.program(1);
        rig.run(program, Packet.nop(1));

        assertThat(rig.device.load(2, 0x10, 4)).isZero();
        assertThat(rig.device.load(2, 4096 + 0x10, 4)).isEqualTo(1);
        assertThat(rig.device.load(2, 2 * 4096 + 0x0C, 4)).isZero();
        assertThat(rig.device.load(2, 4096 + 0x18, 4)).isEqualTo(-1);
        assertThat(rig.device.load(2, 4096 + 0x10, 8)).isEqualTo(-1);
        assertThat(rig.device.load(2, 4096 + 0x10, 2)).isEqualTo(-1);
    }

    @Test
    void withoutBusMasteringOrRunNothingIsDoneAndThenItIs() {
        var program = rig.program(0);
        rig.config(0x04, 2, 0x0002);
        program.submit(Packet.nop(1));
        rig.loop.run();
        assertThat(program.hasAnswer()).isFalse();
        rig.set(RingReg.CONTROL, 0);
        rig.config(0x04, 2, 0x0006);
        rig.loop.run();
        assertThat(program.hasAnswer()).isFalse();

        rig.set(RingReg.CONTROL, RingReg.RUN);
        rig.loop.run();

        assertThat(program.answer().tag()).isEqualTo(1);
    }

    @Test
    void anInterruptComesWhenItIsAskedForAndOnceUntilItIsTaken() {
        var heard = new int[4];
        rig.device.setIrqs(SetIrqs.trigger(
                VfioIrq.MSI, 0, () -> heard[0]++, () -> heard[1]++, () -> heard[2]++, () -> heard[3]++));
        rig.set(RingReg.ENABLE, 0xF);
        var program = rig.program(2);
        rig.run(program, Packet.nop(1));
        assertThat(heard).containsExactly(0, 0, 0, 0);

        rig.run(program, Packet.nop(2).withFlags(Command.INTERRUPT));
        rig.run(program, Packet.nop(3).withFlags(Command.INTERRUPT));
        assertThat(heard).containsExactly(0, 0, 1, 0);
        assertThat(rig.get(RingReg.CAUSE)).isEqualTo(4);
        rig.set(RingReg.CAUSE, 4);
        rig.run(program, Packet.nop(4).withFlags(Command.INTERRUPT));

        assertThat(heard).containsExactly(0, 0, 2, 0);
    }

    @Test
    void armingTellsOfTheNextAndAtOnceOfWhatIsThereAlready() {
        var program = rig.program(2);
        program.doorbell(DoorbellReg.ARM, 0);
        assertThat(rig.get(RingReg.CAUSE)).isZero();
        rig.run(program, Packet.nop(1));
        assertThat(rig.get(RingReg.CAUSE)).isEqualTo(4);
        rig.set(RingReg.CAUSE, 4);
        rig.run(program, Packet.nop(2));
        assertThat(rig.get(RingReg.CAUSE)).isZero();

        program.doorbell(DoorbellReg.ARM, 1);

        assertThat(rig.get(RingReg.CAUSE)).isEqualTo(4);
    }

    @Test
    void thePinIsUpWhileAnEnabledCauseIsLeft() {
        var heard = new int[1];
        rig.device.setIrqs(SetIrqs.trigger(VfioIrq.INTX, 0, () -> heard[0]++));
        var program = rig.program(1);
        rig.run(program, Packet.nop(1).withFlags(Command.INTERRUPT));
        assertThat(heard[0]).isZero();
        rig.set(RingReg.ENABLE, 2);
        assertThat(heard[0]).isEqualTo(1);
        rig.device.setIrqs(SetIrqs.none(SetIrqs.ACTION_UNMASK, VfioIrq.INTX, 0, 1));
        assertThat(heard[0]).isEqualTo(2);

        rig.set(RingReg.CAUSE, 2);
        rig.device.setIrqs(SetIrqs.none(SetIrqs.ACTION_UNMASK, VfioIrq.INTX, 0, 1));

        assertThat(heard[0]).isEqualTo(2);
    }

    @Test
    void theCommandRegisterHoldsThePinDown() {
        var heard = new int[1];
        rig.device.setIrqs(SetIrqs.trigger(VfioIrq.INTX, 0, () -> heard[0]++));
        rig.set(RingReg.ENABLE, 2);
        rig.config(0x04, 2, 0x0406);
        rig.run(rig.program(1), Packet.nop(1).withFlags(Command.INTERRUPT));
        assertThat(heard[0]).isZero();

        rig.config(0x04, 2, 0x0006);

        assertThat(heard[0]).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 31, 32, 63})
    void sixtyFourClientsShareThirtyTwoMessages(int client) {
        var large = new RingRig("ring-64", 144);
        var heard = new int[32];
        var eventfds = new Eventfd[32];
        Arrays.setAll(eventfds, i -> () -> heard[i]++);
        large.device.setIrqs(SetIrqs.trigger(VfioIrq.MSI, 0, eventfds));
        large.set(RingReg.ENABLE, -1);

        var program = large.program(client);
        large.run(program, Packet.nop(1).withFlags(Command.INTERRUPT));

        assertThat(heard[client % 32]).isEqualTo(1);
        assertThat(large.get(RingReg.CAUSE)).isEqualTo(1L << client);
    }

    @Test
    void aStoppedClientIsNews() {
        rig.program(3).doorbell(DoorbellReg.TAIL, 16);

        assertThat(rig.get(RingReg.CAUSE)).isEqualTo(8);
    }
}
