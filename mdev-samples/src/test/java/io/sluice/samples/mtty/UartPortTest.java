package io.sluice.samples.mtty;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.testkit.DirectLoop;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class UartPortTest {
    private static final int DATA = 0;
    private static final int IER = 1;
    private static final int IIR = 2;
    private static final int LCR = 3;
    private static final int MCR = 4;
    private static final int LSR = 5;
    private static final int MSR = 6;
    private static final int SCR = 7;
    private static final int DLAB = 0x80;

    private final DirectLoop loop = new DirectLoop();
    private final Strand strand = loop.strand();
    private int changes;
    private final UartPort port = new UartPort(
            (nanos, task) -> strand.at(strand.clock().nanos() + nanos, task),
            () -> strand.clock().nanos(),
            () -> changes++);

    @BeforeEach
    void setSpeed() {
        port.write(LCR, DLAB | 3);
        port.write(DATA, 1);
        port.write(IER, 0);
        port.write(LCR, 3);
        port.write(IIR, 0x81);
    }

    private void send(int bytes) {
        for (int i = 0; i < bytes; i++) {
            port.write(DATA, i + 1);
        }
    }

    @Test
    void aQuietPortLooksEmptyAndUncaused() {
        assertThat(port.read(LSR)).isEqualTo(0x60);
        assertThat(port.read(IIR)).isEqualTo(0xC1);
        assertThat(port.read(MSR)).isEqualTo(0xB0);
        assertThat(port.read(DATA)).isZero();
    }

    @Test
    void aFullFifoIsFullAndNotEmpty() {
        send(16);

        assertThat(port.read(LSR)).isEqualTo(0x01);
        for (int i = 1; i <= 16; i++) {
            assertThat(port.read(DATA)).isEqualTo(i);
        }
        assertThat(port.read(LSR)).isEqualTo(0x60);
    }

    @Test
    void theTransmitterIsEmptyOnlyWhenAllHasBeenRead() {
        send(2);
        int two = port.read(LSR);
        port.read(DATA);
        int one = port.read(LSR);
        port.read(DATA);

        assertThat(two).isEqualTo(0x01);
        assertThat(one).isEqualTo(0x01);
        assertThat(port.read(LSR)).isEqualTo(0x60);
    }

    @Test
    void aByteTooManyIsLostAndSaidOnce() {
        port.write(IER, 4);
        send(17);

        assertThat(port.causes()).isEqualTo(UartPort.LINE_STATUS);
        assertThat(port.read(IIR)).isEqualTo(0xC6);
        assertThat(port.read(LSR)).isEqualTo(0x03);
        assertThat(port.read(LSR)).isEqualTo(0x01);
        assertThat(port.read(IIR)).isEqualTo(0xC1);
        assertThat(port.read(DATA)).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"0x01,1", "0x41,4", "0x81,8", "0xC1,14"})
    void dataInterruptsAtTheTriggerLevel(String fcr, int level) {
        port.write(IIR, Integer.decode(fcr));
        port.write(IER, 1);

        send(level - 1);
        int below = port.causes();
        port.write(DATA, 0xEE);

        assertThat(below).isZero();
        assertThat(port.read(IIR)).isEqualTo(0xC4);
        port.read(DATA);
        assertThat(port.causes()).isZero();
    }

    @Test
    void dataBelowTheTriggerLevelInterruptsAfterFourCharacters() {
        port.write(IER, 1);
        send(3);
        int before = port.causes();

        boolean heard = loop.turnUntil(() -> port.causes() == UartPort.DATA_TIMEOUT);
        int iir = port.read(IIR);
        port.read(DATA);

        assertThat(before).isZero();
        assertThat(heard).isTrue();
        assertThat(changes).isEqualTo(1);
        assertThat(iir).isEqualTo(0xCC);
        assertThat(port.causes()).isZero();
        assertThat(loop.pendingTimers()).isEqualTo(1);
    }

    @Test
    void anotherSpeedRestartsTheTimeout() {
        port.write(LCR, DLAB | 3);
        port.write(IER, 0xFF);
        port.write(LCR, 3);
        send(1);

        port.write(LCR, DLAB | 3);
        port.write(IER, 0);
        port.write(LCR, 3);
        port.write(IER, 1);

        assertThat(loop.turnUntil(() -> port.causes() == UartPort.DATA_TIMEOUT)).isTrue();
    }

    @Test
    void withoutFifosEveryByteInterruptsAndASecondOneOverruns() {
        port.write(IIR, 0);
        port.write(IER, 1);

        port.write(DATA, 0x41);
        int one = port.causes();
        port.write(DATA, 0x42);

        assertThat(one).isEqualTo(UartPort.DATA_READY);
        assertThat(port.read(LSR)).isEqualTo(0x03);
        assertThat(port.read(DATA)).isEqualTo(0x41);
    }

    @ParameterizedTest
    @ValueSource(ints = {0x03, 0x05, 0x07})
    void fifoControlClears(int fcr) {
        send(5);

        port.write(IIR, fcr);

        assertThat(port.read(LSR)).isEqualTo(0x60);
    }

    @Test
    void theDivisorIsWhatWasWrittenLast() {
        port.write(LCR, DLAB);
        port.write(DATA, 0x0C);
        port.write(DATA, 0x03);
        port.write(IER, 0x12);

        assertThat(port.read(DATA)).isEqualTo(0x03);
        assertThat(port.read(IER)).isEqualTo(0x12);
        port.write(LCR, 3);
        assertThat(port.read(IER)).isZero();
    }

    @Test
    void modemChangesInterruptOnceAndTheCodeIsZero() {
        port.write(IER, 8);
        port.write(MCR, 0x0B);

        int iir = port.read(IIR);
        int first = port.read(MSR);
        int second = port.read(MSR);

        assertThat(iir).isEqualTo(0xC0);
        assertThat(first).isEqualTo(0xB3);
        assertThat(second).isEqualTo(0xB0);
        assertThat(port.read(IIR)).isEqualTo(0xC1);
    }

    @Test
    void withAutomaticFlowControlClearToSendFollowsTheFifo() {
        port.write(MCR, 0x22);
        port.read(MSR);

        send(16);
        int full = port.read(MSR);
        port.read(DATA);

        assertThat(full).isEqualTo(0xA1);
        assertThat(port.read(MSR)).isEqualTo(0xB1);
    }

    @Test
    void theMostUrgentCauseIsTold() {
        port.write(IER, 0x0F);
        port.write(MCR, 1);
        int empty = port.read(IIR);
        send(8);
        int data = port.read(IIR);
        send(9);

        assertThat(empty).isEqualTo(0xC2);
        assertThat(data).isEqualTo(0xC4);
        assertThat(port.read(IIR)).isEqualTo(0xC6);
    }

    @Test
    void readOnlyRegistersKeepAndScratchRemembers() {
        port.write(LSR, 0xFF);
        port.write(MSR, 0xFF);
        port.write(SCR, 0xA5);
        port.write(IER, 0xFF);

        assertThat(port.read(LSR)).isEqualTo(0x60);
        assertThat(port.read(SCR)).isEqualTo(0xA5);
        assertThat(port.read(IER)).isEqualTo(0x0F);
    }

    @Test
    void resetForgetsEverything() {
        port.write(IER, 0x0F);
        send(17);
        port.write(MCR, 3);

        port.reset();

        assertThat(port.causes()).isZero();
        assertThat(port.read(LSR)).isEqualTo(0x60);
        assertThat(port.read(MCR)).isZero();
    }
}
