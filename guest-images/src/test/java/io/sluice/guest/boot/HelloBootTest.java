package io.sluice.guest.boot;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.guest.testkit.GuestSession;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The bare-metal guest, which needs nothing from outside the repository.
@Timeout(120)
class HelloBootTest {
    private static final Duration SOON = Duration.ofSeconds(90);
    private static final String PROMPT = "hello> ";

    @Test
    void theImagesAreListed() {
        try (var list = GuestSession.sluice("images")) {
            assertThat(list.awaitEnd(SOON)).isZero();
            assertThat(list.console().lines().map(line -> line.split(" ", 2)[0]))
                    .startsWith("debian", "hello");
            assertThat(list.errors()).isEmpty();
        }
    }

    @Test
    void itsPromptAnswersAndPowerOffEndsItWithStatus0() {
        try (var guest = GuestSession.sluice("boot", "hello", "-m", "64")) {
            assertThat(guest.await(PROMPT, SOON)).contains("64-bit mode", "ram: 63 MiB usable");

            guest.type("cpuid");
            assertThat(guest.await(PROMPT, SOON)).contains("cpu: GenuineIntel, Sluice Virtual CPU");
            guest.type("nonsense");
            assertThat(guest.await(PROMPT, SOON)).contains("no such command");
            guest.type("poweroff");
            assertThat(guest.awaitEnd(SOON)).isZero();
            assertThat(guest.errors()).isEmpty();
        }
    }

    @Test
    void itsRebootStartsItAgain() {
        try (var guest = GuestSession.sluice("boot", "hello")) {
            guest.await(PROMPT, SOON);

            guest.type("reboot");

            guest.await("hello from bare metal", SOON);
            guest.await(PROMPT, SOON);
        }
    }

    @Test
    void itsRebootEndsItWithStatus0IfThatIsAskedFor() {
        try (var guest = GuestSession.sluice("boot", "hello", "-no-reboot")) {
            guest.await(PROMPT, SOON);

            guest.type("reboot");

            assertThat(guest.awaitEnd(SOON)).isZero();
        }
    }
}
