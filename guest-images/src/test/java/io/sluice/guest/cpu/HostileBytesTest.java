package io.sluice.guest.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.cpu.interp.Attention;
import io.sluice.vmm.cpu.interp.Interpreter;
import io.sluice.vmm.cpu.state.CpuState;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Whatever bytes a guest runs, the vCPU ends in the guest's own handlers, never in an exception of ours.
class HostileBytesTest {
    private static final int ROUNDS = 150;
    private static final int BYTES = 0x1000;

    @ParameterizedTest(name = "{0} bits, level {1}, seed {2}")
    @CsvSource({"16, 0, 1", "32, 0, 2", "32, 3, 3", "64, 0, 4", "64, 3, 5", "48, 3, 6"})
    @Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void randomCodeRaisesOnlyTheGuestsFaults(int bits, int level, long seed) {
        var random = new SplittableRandom(seed);
        for (int round = 0; round < ROUNDS; round++) {
            try (var rig = rig(bits, level)) {
                run(rig, random);
            }
        }
    }

    private static Rig rig(int bits, int level) {
        return switch (bits) {
            case 16 -> Rig.real();
            case 32 -> level == 0 ? Rig.protected32() : Rig.user32();
            case 48 -> Rig.compatible();
            default -> level == 0 ? Rig.long64() : Rig.user64();
        };
    }

    private static void run(Rig rig, SplittableRandom random) {
        var code = new byte[BYTES];
        random.nextBytes(code);
        long start = rig.cpu.segments[1].base + rig.cpu.rip;
        rig.ram.write(start, code);
        rig.cpu.cr4 |= 1 << 9 | 1 << 10 | 1 << 16 | 1 << 18;
        rig.cpu.xcr0 = 3;
        for (int i = 0; i < 16; i++) {
            boolean address = random.nextInt(4) != 0;
            rig.cpu.gpr[i] = address ? Rig.USER_DATA + random.nextInt(0x8000) : random.nextLong();
        }
        rig.cpu.systemFlags |= random.nextInt(4) == 0 ? CpuState.TF : 0;
        if (random.nextInt(4) == 0) {
            rig.cpu.dr[0] = start + random.nextInt(64);
            rig.cpu.dr[1] = (long) Rig.USER_DATA + random.nextInt(0x8000);
            rig.cpu.dr[7] = 0x400 | 0xF | random.nextInt(16) << 20;
        }
        // A guest may loop: whoever else runs stops it.
        var stopper = Thread.ofVirtual().start(() -> {
            try {
                Thread.sleep(5);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            rig.interpreter.attend(Attention.STOP);
        });
        try {
            var exit = rig.runToExit();
            assertThat(exit).isIn((Object[]) Interpreter.Exit.values());
        } finally {
            join(stopper);
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
