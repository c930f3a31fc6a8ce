package io.sluice.guest.boot;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.GuestCache;
import io.sluice.guest.debian.DebianGuest;
import io.sluice.guest.testkit.GuestSession;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Debian's stock kernel through the program as a user has it.
@Timeout(600)
class DebianBootTest {
    private static final Duration BOOT = Duration.ofSeconds(240);
    private static final Duration SOON = Duration.ofSeconds(90);

    /// What has to be fetched and unpacked is told on standard error, so it is done before.
    @BeforeAll
    static void prepare() {
        DebianGuest.of(GuestCache.ofUser()).prepare((what, done, total) -> {});
    }

    @Test
    void theReadmesFirstCommandGivesAShellAndPowerOffEndsItWithStatus0() throws IOException {
        try (var guest = GuestSession.sluice(Readme.firstCommand())) {
            var boot = guest.await(DebianGuest.READY, BOOT);
            System.out.printf(
                    "the README's first command to the shell: %.1f s%n",
                    guest.age().toMillis() / 1e3);
            guest.await(GuestSession.PROMPT, SOON);

            assertThat(boot.strip()).as("the console of a quiet boot").isEmpty();
            assertThat(guest.run("uname -sm; id -u; busybox | head -n 1 | cut -c 1-7", SOON))
                    .isEqualTo("Linux x86_64\n0\nBusyBox");
            guest.type("poweroff -f");
            assertThat(guest.awaitEnd(SOON)).isZero();
            assertThat(guest.errors()).isEmpty();
        }
    }

    @Test
    void aPanicEndsItWithStatus1AndOneLineThatSaysSo() {
        try (var guest = GuestSession.sluice("boot", "debian")) {
            guest.await(DebianGuest.READY, BOOT);
            guest.await(GuestSession.PROMPT, SOON);

            guest.type("echo c > /proc/sysrq-trigger");

            assertThat(guest.awaitEnd(SOON)).isEqualTo(1);
            assertThat(guest.errors()).isEqualTo("sluice: the guest's kernel panicked: sysrq triggered crash\n");
            assertThat(guest.console()).contains("Kernel panic - not syncing: sysrq triggered crash");
        }
    }
}
