package io.sluice.vmm.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Devices and controllers together, in the sequences of Linux 6.1.
@Timeout(120)
final class BoardTest {
    private static final long MILLISECOND = 1_000_000;
    private static final int LEVEL = 1 << 15;

    private final Board board = new Board();

    private void program(int pin, int entry) {
        board.ioApic.write(0, 4, 0x11 + 2 * pin);
        board.ioApic.write(0x10, 4, 0);
        board.ioApic.write(0, 4, 0x10 + 2 * pin);
        board.ioApic.write(0x10, 4, entry);
    }

    private void out(String device, int offset, int value) {
        Objects.requireNonNull(board.devices().get(device)).write(offset, 1, value);
    }

    private int ticks(int milliseconds) {
        int ticks = 0;
        for (int i = 0; i < milliseconds * 10; i++) {
            board.loop.advance(MILLISECOND / 10);
            if (board.take() != 0) {
                ticks++;
                board.endOfInterrupt();
            }
        }
        return ticks;
    }

    @Test
    void theTimerCheckOfTheIoApicSeesTheIntervalTimer() {
        board.apic.write(0xF0, 0x1FF);
        program(2, 0x30);
        out("pit", 3, 0x34);
        out("pit", 0, 4772 & 0xFF);
        out("pit", 0, 4772 >> 8);

        int ticks = ticks(40);

        assertThat(ticks).isBetween(9, 11);
    }

    @Test
    void theTimerCheckOfTheIoApicSeesTheHpet() {
        board.apic.write(0xF0, 0x1FF);
        program(2, 0x30);
        out("pit", 3, 0x34);
        out("pit", 0, 0);
        out("pit", 0, 0);
        board.hpet.write(0x100, 4, 0x14C);
        board.hpet.write(0x108, 4, 400_000);
        board.hpet.write(0x108, 4, 400_000);
        board.hpet.write(0x10, 4, 3);

        int ticks = ticks(400);

        assertThat(ticks).isEqualTo(100);
    }

    @Test
    void withoutTheIoApicTheTimerComesThroughThePicsAndTheVirtualWire() {
        board.apic.virtualWire();
        out("pic master", 0, 0x11);
        out("pic master", 1, 0x20);
        out("pic master", 1, 0x04);
        out("pic master", 1, 0x03);
        out("pic master", 1, 0xFE);
        out("pit", 3, 0x34);
        out("pit", 0, 11932 & 0xFF);
        out("pit", 0, 11932 >> 8);

        board.loop.advance(15 * MILLISECOND);

        assertThat(board.take()).isEqualTo(0x20);
        assertThat(board.take()).isZero();
    }

    @Test
    void theSerialInterruptIsTakenOnceForEachByte() {
        board.apic.write(0xF0, 0x1FF);
        program(4, 0x34);
        out("uart", 4, 0x08);
        out("uart", 1, 0x02);
        int first = board.take();
        board.uart.ports().read(2, 1);
        board.endOfInterrupt();

        out("uart", 0, 0x41);

        assertThat(first).isEqualTo(0x34);
        assertThat(board.take()).isEqualTo(0x34);
    }

    @Test
    void twoDevicesShareALevelInterrupt() {
        board.apic.write(0xF0, 0x1FF);
        program(16, 0x61 | LEVEL);
        var first = board.lines.gsi(16);
        var second = board.lines.gsi(16);
        first.set(true);
        second.set(true);

        int one = board.take();
        first.set(false);
        board.endOfInterrupt();
        int two = board.take();
        second.set(false);
        board.endOfInterrupt();

        assertThat(one).isEqualTo(0x61);
        assertThat(two).isEqualTo(0x61);
        assertThat(board.take()).isZero();
    }

    @Test
    void thePowerButtonReachesTheGuestAsTheSci() {
        board.apic.write(0xF0, 0x1FF);
        program(9, 0x39 | LEVEL);
        out("smi command", 0, 0x02);
        board.pm.write(2, 2, 0x100);

        board.pm.pressPowerButton();

        assertThat(board.take()).isEqualTo(0x39);
    }
}
