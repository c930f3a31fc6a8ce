package io.sluice.vmm.device.uart;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.testkit.FakeLoop;
import io.sluice.vmm.testkit.RecordingLine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
final class Uart16550Test {
    private static final int DATA = 0;
    private static final int IER = 1;
    private static final int IIR = 2;
    private static final int FCR = 2;
    private static final int LCR = 3;
    private static final int MCR = 4;
    private static final int LSR = 5;
    private static final int MSR = 6;
    private static final int SCR = 7;
    private static final int NO_INTERRUPT = 1;

    private final FakeLoop loop = new FakeLoop();
    private final RecordingLine irq = new RecordingLine();
    private final Cable cable = new Cable();
    private final Uart16550 uart = new Uart16550(loop.newStrand(), irq, cable, UartEvents.NONE, false);
    private final BusDevice ports = uart.ports();

    private static final class Cable implements UartHost {
        private final StringBuilder sent = new StringBuilder();
        private int room = Integer.MAX_VALUE;
        private int wanted;

        @Override
        public boolean write(byte octet) {
            if (room == 0) {
                return false;
            }
            room--;
            sent.append((char) (octet & 0xFF));
            return true;
        }

        @Override
        public void inputWanted() {
            wanted++;
        }
    }

    private void set(int register, int value) {
        ports.write(register, 1, value);
    }

    private int get(int register) {
        return (int) ports.read(register, 1);
    }

    private void send(String text) {
        text.chars().forEach(c -> set(DATA, c));
    }

    private int receive(String text) {
        return uart.receive(text.getBytes(US_ASCII), 0, text.length());
    }

    private String drain() {
        var text = new StringBuilder();
        while ((get(LSR) & 1) != 0) {
            text.append((char) get(DATA));
        }
        return text.toString();
    }

    // ---- What the 8250 driver of Linux 6.1 does at probe

    @Test
    void linuxFindsItsInterruptEnableRegister() {
        set(IER, 0);
        int none = get(IER) & 0x0F;
        set(IER, 0x0F);

        assertThat(none).isZero();
        assertThat(get(IER) & 0x0F).isEqualTo(0x0F);
    }

    @Test
    void linuxFindsItsLoopback() {
        set(MCR, 0x1A);

        assertThat(get(MSR) & 0xF0).isEqualTo(0x90);
    }

    @Test
    void linuxTakesItForA16550AAndNothingNewer() {
        set(LCR, 0xBF);
        set(FCR, 0);
        set(LCR, 0);
        set(FCR, 0x01);
        int fifos = get(IIR) >> 6;
        set(LCR, 0x80);
        int extendedFeatures = get(IIR);
        set(LCR, 0xBF);
        int enhanced = get(IIR);
        set(LCR, 0);
        set(IER, 0x40);
        int xscale = get(IER) & 0x40;

        assertThat(fifos).isEqualTo(3);
        assertThat(extendedFeatures).isNotZero();
        assertThat(enhanced).isNotZero();
        assertThat(xscale).isZero();
    }

    @Test
    void linuxFindsNoNationalSemiconductorExtension() {
        set(FCR, 0x01);
        set(LCR, 0);
        int control = get(MCR);
        set(MCR, control ^ 0x10);
        set(LCR, 0xE0);
        int bank = get(2);
        set(LCR, 0);
        set(MCR, control);

        assertThat((bank ^ control) & 0x10).isZero();
    }

    @Test
    void linuxFindsThatTheTransmitterInterruptComesEachTimeItIsEnabled() {
        set(IER, 0x02);
        int first = get(IIR);
        set(IER, 0);
        set(IER, 0x02);
        int second = get(IIR);
        set(IER, 0);

        assertThat(first & NO_INTERRUPT).isZero();
        assertThat(second & NO_INTERRUPT).isZero();
        assertThat(get(LSR)).isEqualTo(0x60);
    }

    // ---- Sending

    @Test
    void whatTheGuestWritesArrives() {
        send("hello");

        assertThat(cable.sent).hasToString("hello");
        assertThat(get(LSR) & 0x60).isEqualTo(0x60);
    }

    @Test
    void eachByteSentIsANewEdgeOfTheTransmitterInterrupt() {
        set(IER, 0x02);
        get(IIR);

        send("ab");

        assertThat(irq.rises()).isEqualTo(3);
        assertThat(get(IIR) & 0x0F).isEqualTo(0x02);
        assertThat(get(IIR) & 0x0F).isEqualTo(NO_INTERRUPT);
    }

    @Test
    void aHostWithoutRoomShowsAsAFullTransmitterAndNothingIsLost() {
        set(FCR, 0x01);
        set(IER, 0x02);
        get(IIR);
        cable.room = 2;

        send("0123456789");
        int status = get(LSR) & 0x60;
        boolean interrupt = irq.level();
        cable.room = 100;
        uart.outputReady();

        assertThat(status).isZero();
        assertThat(interrupt).isFalse();
        assertThat(cable.sent).hasToString("0123456789");
        assertThat(get(LSR) & 0x60).isEqualTo(0x60);
        assertThat(get(IIR) & 0x0F).isEqualTo(0x02);
    }

    // ---- Receiving

    @Test
    void withoutFifosOneByteIsHeldAndTheRestRefused() {
        int taken = receive("abc");

        assertThat(taken).isEqualTo(1);
        assertThat(get(DATA)).isEqualTo('a');
        assertThat(cable.wanted).isEqualTo(1);
    }

    @Test
    void nothingIsLostWhenTheHostHasMoreThanTheFifo() {
        set(FCR, 0x01);
        var input = "The quick brown fox jumps over the lazy dog";
        int done = receive(input);
        var got = new StringBuilder(drain());
        while (done < input.length()) {
            done += receive(input.substring(done));
            got.append(drain());
        }

        assertThat(got).hasToString(input);
        assertThat(cable.wanted).isEqualTo(2);
        assertThat(get(LSR) & 0x02).isZero();
    }

    @ParameterizedTest
    @CsvSource({"0x01, 1", "0x41, 4", "0x81, 8", "0xC1, 14"})
    void theInterruptComesAtTheTriggerLevel(String control, int trigger) {
        set(FCR, Integer.decode(control));
        set(IER, 0x01);

        receive("x".repeat(trigger - 1));
        int below = get(IIR) & 0x0F;
        receive("x");

        assertThat(below).isEqualTo(NO_INTERRUPT);
        assertThat(get(IIR) & 0x0F).isEqualTo(0x04);
    }

    @Test
    void fewBytesBelowTheTriggerAreToldAfterFourCharacterTimes() {
        set(LCR, 0x03);
        set(FCR, 0xC1);
        set(IER, 0x01);
        set(LCR, 0x83);
        set(DATA, 1);
        set(LCR, 0x03);

        receive("hi");
        loop.advance(340_000);
        int early = get(IIR) & 0x0F;
        loop.advance(20_000);

        assertThat(early).isEqualTo(NO_INTERRUPT);
        assertThat(get(IIR) & 0x0F).isEqualTo(0x0C);
        assertThat(drain()).isEqualTo("hi");
        assertThat(get(IIR) & 0x0F).isEqualTo(NO_INTERRUPT);
    }

    @Test
    void aReadStartsTheTimeoutAnew() {
        set(LCR, 0x03);
        set(FCR, 0xC1);
        set(IER, 0x01);
        set(LCR, 0x83);
        set(DATA, 1);
        set(LCR, 0x03);
        receive("hello");

        loop.advance(300_000);
        get(DATA);
        loop.advance(300_000);
        boolean early = irq.level();
        loop.advance(60_000);

        assertThat(early).isFalse();
        assertThat(irq.level()).isTrue();
    }

    @Test
    void sourcesComeInTheirOrder() {
        set(FCR, 0x01);
        set(IER, 0x0F);
        uart.setModemInputs(Uart16550.CTS);
        uart.receiveBreak();

        int line = get(IIR) & 0x0F;
        get(LSR);
        int data = get(IIR) & 0x0F;
        get(DATA);
        int transmitter = get(IIR) & 0x0F;
        int modem = get(IIR) & 0x0F;
        get(MSR);

        assertThat(new int[] {line, data, transmitter, modem}).containsExactly(0x06, 0x04, 0x02, 0x00);
        assertThat(get(IIR) & 0x0F).isEqualTo(NO_INTERRUPT);
        assertThat(irq.level()).isFalse();
    }

    @Test
    void aBreakIsAZeroByteWithItsStatus() {
        set(FCR, 0x01);
        uart.receiveBreak();

        int status = get(LSR);

        assertThat(status & 0x91).isEqualTo(0x91);
        assertThat(get(DATA)).isZero();
        assertThat(get(LSR) & 0x91).isZero();
    }

    // ---- Control

    @Test
    void loopbackReturnsBytesAndSendsNone() {
        set(FCR, 0x01);
        set(LCR, 0x03);
        set(MCR, 0x10);

        send("loop");
        int fromOutside = receive("x");
        var back = drain();

        assertThat(back).isEqualTo("loop");
        assertThat(cable.sent).isEmpty();
        assertThat(fromOutside).isZero();
    }

    @Test
    void loopbackOverrunsLikeAWire() {
        set(FCR, 0x01);
        set(MCR, 0x10);

        send("0123456789abcdefX");

        assertThat(get(LSR) & 0x02).isNotZero();
        assertThat(get(LSR) & 0x02).isZero();
    }

    @ParameterizedTest
    @CsvSource({"0x11, 0x20", "0x12, 0x10", "0x14, 0x40", "0x18, 0x80"})
    void loopbackTurnsOutputsIntoInputs(String control, String inputs) {
        set(MCR, Integer.decode(control));

        assertThat(get(MSR) & 0xF0).isEqualTo(Integer.decode(inputs));
    }

    @Test
    void modemChangesShowOnceAndOfTheRingOnlyItsEnd() {
        uart.setModemInputs(Uart16550.CTS | Uart16550.RI);
        int ringing = get(MSR);
        uart.setModemInputs(Uart16550.CTS);
        int ended = get(MSR);

        assertThat(ringing).isEqualTo(0x5A);
        assertThat(ended).isEqualTo(0x14);
        assertThat(get(MSR)).isEqualTo(0x10);
    }

    @Test
    void switchingTheFifosClearsThem() {
        set(FCR, 0x01);
        receive("abc");

        set(FCR, 0x00);

        assertThat(get(LSR)).isEqualTo(0x60);
    }

    @Test
    void theDivisorHidesBehindItsBit() {
        set(LCR, 0x83);
        set(DATA, 0x34);
        set(IER, 0x12);
        int low = get(DATA);
        set(LCR, 0x03);
        int data = get(DATA);

        assertThat(low).isEqualTo(0x34);
        assertThat(data).isZero();
        assertThat(cable.sent).isEmpty();
    }

    @Test
    void onAPcBoardOut2ConnectsTheInterrupt() {
        var line = new RecordingLine();
        var gated = new Uart16550(loop.newStrand(), line, cable, UartEvents.NONE, true).ports();

        gated.write(IER, 1, 0x02);
        boolean without = line.level();
        gated.write(MCR, 1, 0x08);

        assertThat(without).isFalse();
        assertThat(line.level()).isTrue();
    }

    @Test
    void theScratchRegisterKeepsAnything() {
        set(SCR, 0xA5);

        assertThat(get(SCR)).isEqualTo(0xA5);
    }

    @Test
    void aRestoredUartStillTellsOfItsTimeout() {
        set(FCR, 0xC1);
        set(IER, 0x01);
        receive("x");
        loop.advance(1_000_000_000);
        var saved = uart.state();
        uart.reset();

        uart.restore(saved);

        assertThat(get(IIR) & 0x0F).isEqualTo(0x0C);
        assertThat(irq.level()).isTrue();
    }

    @Test
    void aRestoredUartGoesOn() {
        set(FCR, 0x01);
        set(IER, 0x03);
        cable.room = 0;
        send("out");
        receive("in");
        var saved = uart.state();
        uart.reset();

        uart.restore(saved);
        cable.room = 10;
        uart.outputReady();

        assertThat(cable.sent).hasToString("out");
        assertThat(drain()).isEqualTo("in");
    }
}
