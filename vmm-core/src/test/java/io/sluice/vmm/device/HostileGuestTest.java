package io.sluice.vmm.device;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.bus.BusDevice;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A guest that writes anything anywhere: nothing throws, grows or hangs.
@Timeout(120)
final class HostileGuestTest {
    private static final int ACCESSES = 40_000;
    /// More than all devices together can have: one each, three of the HPET, two of the UART.
    private static final int MAX_TIMERS = 12;

    static LongStream seeds() {
        return LongStream.rangeClosed(1, 12);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void nothingThrowsGrowsOrHangs(long seed) {
        var random = new SplittableRandom(seed);
        var board = new Board();
        var devices = List.copyOf(board.devices().values());
        int timers = 0;

        for (int i = 0; i < ACCESSES; i++) {
            access(devices.get(random.nextInt(devices.size())), random);
            if (random.nextInt(50) == 0) {
                board.loop.advance(random.nextLong(1L << random.nextInt(20)));
                board.take();
            }
            timers = Math.max(timers, board.loop.timers());
        }
        board.loop.advance(100_000_000);

        assertThat(timers).isLessThanOrEqualTo(MAX_TIMERS);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void oneDeviceAloneBearsItToo(long seed) {
        var random = new SplittableRandom(~seed);

        for (int which = 0; which < new Board().devices().size(); which++) {
            var board = new Board();
            var device = List.copyOf(board.devices().values()).get(which);
            for (int i = 0; i < 2000; i++) {
                access(device, random);
                if (random.nextInt(20) == 0) {
                    board.loop.advance(random.nextLong(1L << random.nextInt(22)));
                    board.take();
                }
            }
            assertThat(board.loop.timers()).isLessThanOrEqualTo(MAX_TIMERS);
        }
    }

    private static void access(BusDevice device, SplittableRandom random) {
        int size = 1 << random.nextInt(4);
        long offset = switch (random.nextInt(8)) {
            case 0 -> random.nextLong();
            case 1 -> random.nextInt(0x1000);
            case 2 -> random.nextInt(0x40) * 16L;
            case 3, 4 -> random.nextInt(0x160) & -size;
            default -> random.nextInt(8);
        };
        long value = switch (random.nextInt(4)) {
            case 0 -> random.nextLong();
            case 1 -> random.nextInt(256);
            case 2 -> 1L << random.nextInt(64);
            default -> -1L >>> random.nextInt(64);
        };
        if (random.nextBoolean()) {
            device.write(offset, size, value);
        } else {
            device.read(offset, size);
        }
    }
}
