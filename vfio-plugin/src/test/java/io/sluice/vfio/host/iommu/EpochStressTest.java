package io.sluice.vfio.host.iommu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The two words in which DMA and removals meet, with nothing around them that could hide an error.
@Timeout(120)
final class EpochStressTest {
    private static final long NANOS = 1_500_000_000L;
    private static final int PAGES = 40;
    private static final int PAGE_SHIFT = 12;

    private final Epoch epoch = new Epoch();
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicLong wrong = new AtomicLong();
    private volatile boolean over;

    @AfterEach
    void stop() throws InterruptedException {
        over = true;
        for (var thread : threads) {
            thread.join();
        }
    }

    private void forever(Runnable turn) {
        threads.add(Thread.ofPlatform().start(() -> {
            while (!over) {
                turn.run();
            }
        }));
    }

    private volatile boolean allowed;
    private volatile long touched;

    private void touch() {
        epoch.begin();
        if (allowed) {
            touched = touched + 1;
        }
        epoch.end();
    }

    @Test
    void afterAWaitNobodyIsWithinThatStillHasWhatWasTaken() {
        forever(this::touch);
        forever(this::touch);
        long turns = 0;
        for (long end = System.nanoTime() + NANOS; turns < 100 || touched == 0 || System.nanoTime() < end; turns++) {
            allowed = true;
            long before = touched;
            for (int i = 0; i < 200 && touched == before; i++) {
                Thread.onSpinWait();
            }

            allowed = false;
            epoch.awaitQuiet();

            long seen = touched;
            for (int i = 0; i < 20; i++) {
                Thread.onSpinWait();
                wrong.addAndGet(touched == seen ? 0 : 1);
            }
        }

        assertThat(wrong).hasValue(0);
        assertThat(touched).isPositive();
    }

    /// Those who post raise a page's version, post, wait, and then say which version is the least that may be seen.
    @Test
    void noInvalidationIsLostHoweverManyCome() {
        var ring = new Invalidations();
        var cache = new Iotlb(PAGE_SHIFT);
        var versions = new AtomicIntegerArray(PAGES);
        var floors = new AtomicIntegerArray(PAGES);
        var cached = new AtomicLong();
        for (int poster = 0; poster < 2; poster++) {
            int first = poster * PAGES / 2;
            var state = new int[] {poster + 1};
            forever(() -> {
                // Bursts about as long as the ring, so that it is met when it is nearly full.
                state[0] = state[0] * 1_103_515_245 + 12_345;
                int burst = 28 + (state[0] >>> 16) % 8;
                for (int i = 0; i < burst; i++) {
                    int page = first + i % (PAGES / 2);
                    int version = versions.incrementAndGet(page);
                    ring.post(1, (long) page << PAGE_SHIFT, (long) page << PAGE_SHIFT);
                    if (i == burst - 1) {
                        epoch.awaitQuiet();
                        floors.set(page, version);
                    }
                }
            });
        }

        for (long end = System.nanoTime() + NANOS; cached.get() == 0 || System.nanoTime() < end; ) {
            for (int page = 0; page < PAGES; page++) {
                int floor = floors.get(page);
                epoch.begin();
                if (ring.isPending()) {
                    ring.take(cache, null);
                }
                long iova = (long) page << PAGE_SHIFT;
                long entry = cache.find(1, iova);
                if (entry == PageTable.NONE) {
                    cache.put(1, iova, (long) versions.get(page) << PAGE_SHIFT | PageTable.READ);
                } else {
                    cached.incrementAndGet();
                    wrong.addAndGet((int) (entry >>> PAGE_SHIFT) < floor ? 1 : 0);
                }
                epoch.end();
            }
        }

        assertThat(wrong).hasValue(0);
        assertThat(cached).hasPositiveValue();
    }

    @Test
    void aRingThatHasRunOverForgetsAll() {
        for (int posts = 1; posts < 80; posts++) {
            var ring = new Invalidations();
            var cache = new Iotlb(PAGE_SHIFT);
            cache.put(1, 0, PageTable.READ);
            ring.post(1, 0, 0);
            for (int i = 1; i < posts; i++) {
                ring.post(2, 0, 0);
            }

            ring.take(cache, null);

            assertThat(cache.find(1, 0)).isEqualTo(PageTable.NONE);
            assertThat(ring.isPending()).isFalse();
        }
    }

    /// Somebody may be in the middle of the next post, over the oldest, before it is counted.
    @ParameterizedTest
    @CsvSource({"30, true", "31, true", "32, false", "33, false"})
    void aRingThatIsFullMayBeRunningOver(int posts, boolean kept) {
        var ring = new Invalidations();
        var cache = new Iotlb(PAGE_SHIFT);
        cache.put(1, 0, PageTable.READ);
        for (int i = 0; i < posts; i++) {
            ring.post(2, 0, 0);
        }

        ring.take(cache, null);

        assertThat(cache.find(1, 0) != PageTable.NONE).isEqualTo(kept);
    }
}
