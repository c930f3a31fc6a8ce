package io.sluice.vmm.machine;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.loop.MachineClock;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PanicWatchTest {
    private final AtomicLong now = new AtomicLong();
    private final MachineClock clock = new MachineClock(now::get);
    private final List<String> halted = new ArrayList<>();
    private final PanicWatch watch = new PanicWatch(clock, halted::add);

    private void print(String text) {
        clock.start();
        for (byte octet : text.getBytes(StandardCharsets.ISO_8859_1)) {
            watch.sent(octet);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Kernel panic - not syncing: VFS: no root\n",
                "[    1.234567] Kernel panic - not syncing: VFS: no root\r\n",
                "login: \n[12345.000001][    T1] Kernel panic - not syncing: VFS: no root\r\n",
                "<0>[    1.0] Kernel panic - not syncing: VFS: no root\n",
            })
    void theReasonIsReadFromTheLine(String text) {
        print(text);

        assertThat(watch.reason()).isEqualTo("VFS: no root");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "echo Kernel panic - not syncing: x\n",
                "Kernel panic - not syncing: x",
                "# [1.0] Kernel panic - not syncing: x\n",
                "Kernel panic\n",
            })
    void otherLinesAreNoPanic(String text) {
        print(text);

        assertThat(watch.reason()).isNull();
    }

    @Test
    void afterSomeTimeTheWordsCountNoMore() {
        print("Kernel panic - not syncing: x\n");

        now.addAndGet(5_000_000_001L);

        assertThat(watch.reason()).isNull();
    }

    @Test
    void aKernelThatStopsSaysSoItself() {
        print("[ 1.0] Kernel panic - not syncing: x y\n[ 1.1] ---[ end Kernel panic - not syncing: x y ]---\n");

        assertThat(halted).containsExactly("x y");
    }

    @Test
    void anEndWithoutAPanicIsNone() {
        print("---[ end Kernel panic - not syncing: x ]---\n");

        assertThat(halted).isEmpty();
    }

    @Test
    void anyBytesAreTakenAndALongLineDoesNotGrow() {
        long seed = new SplittableRandom().nextLong();
        var bytes = new byte[1 << 20];
        new SplittableRandom(seed).nextBytes(bytes);

        for (byte octet : bytes) {
            watch.sent(octet);
        }

        assertThat(watch.reason()).as("seed %d", seed).isNull();
    }
}
