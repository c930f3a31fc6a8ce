package io.sluice.vmm.device.nvme;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.device.nvme.NvmeDriver.Entry;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A guest that writes anything anywhere.
@Timeout(120)
class NvmeHostileTest {
    private static final int STEPS = 3000;
    /// Everything that the controller may write lies below it.
    private static final long CANARIES = 0x8_0000;

    private final NvmeDriver driver = new NvmeDriver();

    @AfterEach
    void close() {
        driver.close();
    }

    static LongStream seeds() {
        return LongStream.rangeClosed(1, 8);
    }

    /// Random registers, doorbells and queue contents, with pointers to low memory only: nothing throws, nothing stays
    /// busy, and not a byte above moves.
    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void nothingThrowsHangsOrWritesWhereItWasNotToldTo(long seed) {
        var random = new SplittableRandom(seed);
        driver.canaries(CANARIES);
        driver.withIoQueue();

        for (int i = 0; i < STEPS; i++) {
            step(random);
        }
        driver.register(0x14, 0);
        driver.register(0x1C, 0x10);
        driver.command(6);

        assertThat(driver.spoiled(CANARIES)).isZero();
        assertThat(driver.status()).isZero();
        driver.withIoQueue();
        assertThat(driver.io(Entry.of(0).namespace(1)).text()).isEqualTo("0/00");
    }

    private void step(SplittableRandom random) {
        switch (random.nextInt(10)) {
            case 0 -> driver.register(random.nextInt(0x50) & ~3, registerValue(random));
            case 1 -> driver.register(0x1000 + random.nextInt(24) * 4, random.nextInt(12) - 1);
            case 2 -> driver.register(0x1000 + random.nextInt(0x400) * 4, random.nextInt());
            case 3 -> {
                driver.register(0x14, 0);
                driver.command(6);
                driver.withIoQueue();
            }
            default -> {
                for (int i = 0; i < 8; i++) {
                    scribble(random, random.nextBoolean() ? NvmeDriver.ADMIN_SQ : NvmeDriver.IO_SQ, i);
                }
                driver.register(0x1000 + 8 * random.nextInt(2), random.nextInt(8));
                driver.register(0x1004 + 8 * random.nextInt(2), random.nextInt(8));
            }
        }
        if (random.nextInt(64) == 0) {
            driver.command(random.nextInt(3) == 0 ? 2 : 6);
        }
    }

    private static int registerValue(SplittableRandom random) {
        return random.nextBoolean() ? random.nextInt() & 0x0007_FFFF : random.nextInt(4) << 14 | 0x0046_0001;
    }

    /// A command that is mostly sense, with pointers below the canaries.
    private void scribble(SplittableRandom random, long queue, int index) {
        long at = queue + 64L * index;
        for (int word = 0; word < 16; word++) {
            driver.board.memory.write(at + 4L * word, 4, random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(9));
        }
        driver.board.memory.write(at, 1, random.nextInt(16));
        driver.board.memory.write(at + 1, 1, 0);
        driver.board.memory.write(at + 4, 4, 1);
        driver.board.memory.write(at + 24, 8, pointer(random));
        driver.board.memory.write(at + 32, 8, pointer(random));
    }

    /// To memory where data and lists may be, or to none at all.
    private static long pointer(SplittableRandom random) {
        return switch (random.nextInt(6)) {
            case 0 -> random.nextLong() | 1L << 40;
            case 1 -> 0x5_0000 + random.nextInt(0x1000);
            default -> 0x5_0000 + (long) random.nextInt(16) * 0x1000;
        };
    }

    @Test
    void aListThatPointsToItselfEndsWithTheData() {
        driver.withIoQueue();
        for (int i = 0; i < 512; i++) {
            driver.board.memory.write(0x8000 + 8L * i, 8, 0x8000);
        }

        var done = driver.io(driver.read(0, 1024).data(NvmeDriver.DATA, 0x8FF8));

        assertThat(done.text()).isIn("0/00", "0/13");
    }

    @Test
    void oneDoorbellForAFullQueueIsDoneInSlices() {
        driver.enable();
        driver.createQueue(1, 0x2_0000, 0x4_0000, 2048);
        for (int i = 0; i < 2047; i++) {
            driver.put(1, driver.read(i % 1000, 8));
        }

        driver.board.memory.write(driver.base + 0x1008, 4, 2047);
        driver.board.loop.run();

        for (int i = 0; i < 2047; i++) {
            assertThat(driver.awaitAndKeep(1).text()).isEqualTo("0/00");
        }
    }
}
