package io.sluice.vmm.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
final class LogWriterTest {
    private static final int MANY = 100_000;

    @TempDir
    private Path directory;

    /// A stream whose reader does not read before it is told to.
    private static final class Stalled extends OutputStream {
        final ByteArrayOutputStream written = new ByteArrayOutputStream();
        final CountDownLatch reads = new CountDownLatch(1);

        @Override
        public void write(int octet) throws IOException {
            write(new byte[] {(byte) octet}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            try {
                reads.await();
            } catch (InterruptedException e) {
                throw new IOException("interrupted", e);
            }
            synchronized (written) {
                written.write(bytes, offset, length);
            }
        }

        String text() {
            synchronized (written) {
                return written.toString(StandardCharsets.UTF_8);
            }
        }
    }

    @Test
    void aReaderThatDoesNotReadStopsNobodyAndWhatIsLostIsCounted() {
        var stalled = new Stalled();
        var writer = LogWriter.over(stalled, lost -> "lost " + lost + "\n");

        long start = System.nanoTime();
        IntStream.range(0, MANY).forEach(i -> writer.put("line\n", true));
        long taken = System.nanoTime() - start;
        stalled.reads.countDown();
        writer.close();

        assertThat(Duration.ofNanos(taken)).isLessThan(Duration.ofSeconds(5));
        var kept = stalled.text().lines().filter("line"::equals).count();
        long lost = Pattern.compile("lost (\\d+)\n")
                .matcher(stalled.text())
                .results()
                .mapToLong(told -> Long.parseLong(told.group(1)))
                .sum();
        assertThat(kept + lost).isEqualTo(MANY);
        assertThat(kept).isBetween(10_000L, 20_000L);
    }

    @Test
    void whatWaitsIsBoundedInCharactersToo() {
        var stalled = new Stalled();
        var writer = LogWriter.over(stalled, lost -> "");
        var large = "x".repeat(1 << 20);

        IntStream.range(0, 64).forEach(i -> writer.put(large, false));
        stalled.reads.countDown();
        writer.close();

        assertThat(stalled.text().length()).isLessThan(8 << 20);
    }

    @Test
    void aReaderThatNeverReadsDoesNotHoldTheEnd() {
        var writer = LogWriter.over(new Stalled(), lost -> "");
        writer.put("line\n", false);

        long start = System.nanoTime();
        writer.close();

        assertThat(TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start)).isLessThan(5);
    }

    @Test
    void aDiskLosesNothingOfAVcpu() throws IOException {
        var file = directory.resolve("log");

        try (var writer = LogWriter.file(file, lost -> "lost " + lost + "\n")) {
            IntStream.range(0, MANY).forEach(i -> writer.put(i + "\n", true));
        }

        var all = IntStream.range(0, MANY).mapToObj(i -> i + "\n").collect(Collectors.joining());
        assertThat(Files.readString(file)).isEqualTo(all);
    }

    @Test
    void whoIsClosedTakesNothing() throws IOException {
        var file = directory.resolve("log");
        var writer = LogWriter.file(file, lost -> "lost " + lost + "\n");

        writer.close();
        writer.put("late\n", true);

        assertThat(Files.readString(file)).isEmpty();
    }

    @Test
    void itsThreadEndsWithIt() {
        var writer = LogWriter.over(new ByteArrayOutputStream(), lost -> "");
        writer.put("line\n", false);

        writer.close();

        await().until(() -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().equals("log")));
    }
}
