package io.sluice.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GuestCacheTest {
    @TempDir
    Path directory;

    @Test
    void theCacheLiesWhereTheUserSays() {
        assertThat(GuestCache.place("/var/guests", "/xdg", "/home/u")).isEqualTo(Path.of("/var/guests"));
        assertThat(GuestCache.place("", "/xdg", "/home/u")).isEqualTo(Path.of("/xdg/sluice"));
        assertThat(GuestCache.place("", "", "/home/u")).isEqualTo(Path.of("/home/u/.cache/sluice"));
        assertThat(GuestCache.place("", "relative", "/home/u")).isEqualTo(Path.of("/home/u/.cache/sluice"));
    }

    @Test
    void oneTaskRunsAtATime() {
        var cache = GuestCache.at(directory.resolve("new"));
        var inside = new AtomicInteger();
        var most = new AtomicInteger();
        try (var threads = Executors.newFixedThreadPool(4)) {
            var tasks = IntStream.range(0, 20)
                    .mapToObj(i -> CompletableFuture.runAsync(
                            () -> cache.exclusively(() -> {
                                most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                                return inside.decrementAndGet();
                            }),
                            threads))
                    .toList();
            tasks.forEach(CompletableFuture::join);
        }

        assertThat(most).hasValue(1);
    }

    @Test
    void aStoredFileIsCompleteAndLeavesNothingElse() throws Exception {
        var cache = GuestCache.at(directory);

        var file = cache.store("a/b", "text".getBytes(StandardCharsets.UTF_8));

        assertThat(file).hasContent("text");
        assertThat(Files.list(file.getParent())).containsExactly(file);
    }

    @Test
    void theSameContentIsStoredOnce() throws Exception {
        var cache = GuestCache.at(directory);

        var first = cache.storeByContent("image", ".bin", new byte[] {1});
        var second = cache.storeByContent("image", ".bin", new byte[] {1});
        var other = cache.storeByContent("image", ".bin", new byte[] {2});

        assertThat(second).isEqualTo(first);
        assertThat(other).isNotEqualTo(first);
    }

    @Test
    void whatNobodyAskedForInAWeekIsRemoved() throws Exception {
        var cache = GuestCache.at(directory);
        var old = cache.storeByContent("image", ".bin", new byte[] {1});
        Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofDays(8))));

        var other = cache.storeByContent("image", ".bin", new byte[] {2});

        assertThat(Files.list(directory)).containsExactly(other);
    }
}
