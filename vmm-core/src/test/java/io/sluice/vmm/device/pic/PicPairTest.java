package io.sluice.vmm.device.pic;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.testkit.FakeLoop;
import io.sluice.vmm.testkit.RecordingLine;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
final class PicPairTest {
    private static final int EOI = 0x20;

    private final FakeLoop loop = new FakeLoop();
    private final RecordingLine output = new RecordingLine();
    private final PicPair pics = new PicPair(loop.newStrand(), output);
    private final BusDevice master = pics.masterPorts();
    private final BusDevice slave = pics.slavePorts();
    private final BusDevice levels = pics.levelPorts();

    @BeforeEach
    void initializeAsLinuxDoes() {
        initialize(0x01);
    }

    private void initialize(int word4) {
        write(master, 0, 0x11, 1, 0x30, 1, 0x04, 1, word4);
        write(slave, 0, 0x11, 1, 0x38, 1, 0x02, 1, word4);
    }

    private static void write(BusDevice chip, int... pairs) {
        for (int i = 0; i < pairs.length; i += 2) {
            chip.write(pairs[i], 1, pairs[i + 1]);
        }
    }

    private void pulse(int pin) {
        pics.setPin(pin, true);
        pics.setPin(pin, false);
    }

    @Test
    void eachRiseOfAnInputIsCountedOnce() {
        pics.setPin(9, true);
        pics.setPin(9, true);
        pics.setPin(9, false);
        pics.setPin(9, true);

        assertThat(pics.rises()).hasSize(16).contains(2, org.assertj.core.api.Assertions.atIndex(9));
    }

    @Test
    void theProbeOfLinuxReadsBackTheMask() {
        write(slave, 1, 0xFF);
        write(master, 1, 0xFB);

        assertThat(master.read(1, 1)).isEqualTo(0xFB);
    }

    @Test
    void anEdgeIsAcknowledgedOnceAndEnded() {
        pics.setPin(3, true);

        assertThat(output.level()).isTrue();
        assertThat(pics.acknowledge()).isEqualTo(0x33);
        assertThat(output.level()).isFalse();
        write(master, 0, 0x0B);
        assertThat(master.read(0, 1)).isEqualTo(0x08);
        write(master, 0, EOI);
        assertThat(master.read(0, 1)).isZero();
        assertThat(output.level()).isFalse();
    }

    @Test
    void theSlaveComesThroughTheMaster() {
        pulse(12);

        assertThat(pics.acknowledge()).isEqualTo(0x3C);
        write(master, 0, 0x0B);
        write(slave, 0, 0x0B);
        assertThat(master.read(0, 1)).isEqualTo(0x04);
        assertThat(slave.read(0, 1)).isEqualTo(0x10);
    }

    @Test
    void twoRequestsOfTheSlaveAreBothServed() {
        pulse(8);
        pulse(12);

        int first = pics.acknowledge();
        write(slave, 0, EOI);
        write(master, 0, EOI);
        int second = pics.acknowledge();

        assertThat(first).isEqualTo(0x38);
        assertThat(second).isEqualTo(0x3C);
    }

    @Test
    void aHigherPriorityInterruptsALowerOneButNotTheOtherWay() {
        pulse(5);
        pics.acknowledge();

        pulse(6);
        boolean lower = output.level();
        pulse(1);

        assertThat(lower).isFalse();
        assertThat(pics.acknowledge()).isEqualTo(0x31);
    }

    @Test
    void aRequestThatVanishedGivesTheSpuriousVector() {
        write(levels, 0, 0x20);
        pics.setPin(5, true);
        pics.setPin(5, false);

        assertThat(pics.acknowledge()).isEqualTo(0x37);
        write(master, 0, 0x0B);
        assertThat(master.read(0, 1)).isZero();
    }

    @Test
    void aRequestOfTheSlaveThatIsMaskedMeanwhileIsNotDelivered() {
        pulse(10);
        write(slave, 1, 0xFF);

        assertThat(output.level()).isFalse();
        assertThat(pics.acknowledge()).isEqualTo(0x37);
    }

    @Test
    void aLevelAsksAgainUntilItIsReleased() {
        write(levels, 1, 0x08);
        pics.setPin(11, true);
        pics.acknowledge();
        write(slave, 0, EOI);
        write(master, 0, EOI);

        boolean again = output.level();
        pics.setPin(11, false);

        assertThat(again).isTrue();
        assertThat(output.level()).isFalse();
    }

    @Test
    void theEdgeLevelRegisterSparesTheSystemsOwnInputs() {
        write(levels, 0, 0xFF, 1, 0xFF);

        assertThat(levels.read(0, 2)).isEqualTo(0xDEF8);
    }

    @Test
    void automaticEndLeavesNothingInService() {
        initialize(0x03);
        pulse(4);

        pics.acknowledge();

        write(master, 0, 0x0B);
        assertThat(master.read(0, 1)).isZero();
    }

    @Test
    void rotationMakesTheServedInputTheLowest() {
        pulse(4);
        pics.acknowledge();
        write(master, 0, 0xA0);
        pulse(4);
        pulse(5);

        assertThat(pics.acknowledge()).isEqualTo(0x35);
    }

    @Test
    void aPriorityCanBeSet() {
        write(master, 0, 0xC3);
        pulse(3);
        pulse(4);

        assertThat(pics.acknowledge()).isEqualTo(0x34);
    }

    @Test
    void theSpecialMaskLetsLowerOnesThrough() {
        pulse(1);
        pics.acknowledge();
        write(master, 1, 0x02, 0, 0x68);

        pulse(6);

        assertThat(pics.acknowledge()).isEqualTo(0x36);
    }

    @Test
    void aSpecificEndEndsThatInput() {
        pulse(6);
        pics.acknowledge();
        pulse(1);
        pics.acknowledge();

        write(master, 0, 0x66, 0, 0x0B);

        assertThat(master.read(0, 1)).isEqualTo(0x02);
    }

    @Test
    void pollingAcknowledges() {
        pulse(5);
        write(master, 0, 0x0C);

        long polled = master.read(0, 1);
        write(master, 0, 0x0C);
        long empty = master.read(0, 1);

        assertThat(polled).isEqualTo(0x85);
        assertThat(empty & 0x80).isZero();
        assertThat(output.level()).isFalse();
    }

    @Test
    void afterFirmwareNothingAsksUntilTheGuestUnmasksIt() {
        pics.reset();
        pics.firmwareDefaults();
        pulse(0);
        boolean masked = output.level();

        write(master, 1, 0xFA);

        assertThat(masked).isFalse();
        assertThat(pics.acknowledge()).isEqualTo(0x08);
    }

    @Test
    void aRestoredPairGoesOn() {
        pulse(4);
        pulse(12);
        var saved = pics.state();
        var line = new RecordingLine();
        var copy = new PicPair(loop.newStrand(), line);

        copy.restore(saved);

        assertThat(copy.state()).isEqualTo(saved);
        assertThat(line.level()).isTrue();
        assertThat(copy.acknowledge()).isEqualTo(0x3C);
    }
}
