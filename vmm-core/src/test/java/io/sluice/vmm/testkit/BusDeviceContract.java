package io.sluice.vmm.testkit;

import static org.assertj.core.api.Assertions.assertThatCode;

import io.sluice.vmm.bus.BusDevice;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What holds for everything on a bus, whatever a hostile guest does. Each device room runs it on its devices.
@Timeout(120)
public abstract class BusDeviceContract {
    private static final int ACCESSES = 20_000;
    private static final int[] SIZES = {1, 2, 4, 8};

    /// A new device, its size, and the loop that does its deferred work.
    public record Subject(BusDevice device, long size, Runnable work) {}

    protected abstract Subject subject();

    static LongStream seeds() {
        return LongStream.range(1, 6);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void randomAccessesNeverThrow(long seed) {
        var random = new Random(seed);
        var subject = subject();

        assertThatCode(() -> {
                    for (int i = 0; i < ACCESSES; i++) {
                        access(subject, random);
                    }
                    subject.work.run();
                })
                .doesNotThrowAnyException();
    }

    private static void access(Subject subject, Random random) {
        int size = SIZES[random.nextInt(SIZES.length)];
        if (size > subject.size) {
            return;
        }
        long near = random.nextBoolean() ? Math.min(subject.size, 256) : subject.size;
        long offset = random.nextLong(near - size + 1);
        long value = random.nextInt(4) == 0 ? random.nextInt(16) : random.nextLong();
        switch (random.nextInt(9)) {
            case 0, 1, 2, 3 -> subject.device.write(offset, size, value);
            case 4 -> subject.work.run();
            default -> subject.device.read(offset, size);
        }
    }

    @Test
    void everyOffsetOfEverySizeAnswers() {
        var subject = subject();

        assertThatCode(() -> {
                    for (int size : SIZES) {
                        for (long offset = 0; offset + size <= Math.min(subject.size, 8192); offset++) {
                            subject.device.read(offset, size);
                            subject.device.write(offset, size, -1);
                        }
                    }
                    subject.work.run();
                })
                .doesNotThrowAnyException();
    }

    @Test
    void deferrableWritesAreAnsweredWithRetryUnlessTheDeviceTakesThem() {
        var subject = subject();

        assertThatCode(() -> subject.device.deferrableWrite(0, new long[8])).doesNotThrowAnyException();
    }
}
