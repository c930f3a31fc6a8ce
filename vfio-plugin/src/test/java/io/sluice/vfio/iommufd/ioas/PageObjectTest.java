package io.sluice.vfio.iommufd.ioas;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.memory.AddressSpace;
import io.sluice.vfio.host.memory.HostFrames;
import io.sluice.vfio.host.memory.HostPages;
import java.util.ArrayList;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
final class PageObjectTest {
    private static final int PAGES = 40;
    private static final long PAGE = PageObject.PAGE;

    private record User(int first, int pages) {}

    private static final class Counted implements Account {
        private final Steps steps;
        private long pages;

        Counted(Steps steps) {
            this.steps = steps;
        }

        @Override
        public void charge(long pages) {
            steps.pass("charge");
            this.pages += pages;
        }

        @Override
        public void giveBack(long pages) {
            this.pages -= pages;
        }
    }

    /// Users come and go by random ranges; now and then a step fails.
    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {11, 12, 13, 14, 15})
    void aPageIsPinnedAndChargedOnceFromItsFirstUserToItsLast(long seed) {
        var random = new SplittableRandom(seed);
        var steps = new Steps();
        var frames = new HostFrames();
        var pages = new HostPages(frames, steps, 1 << 20);
        var memory = new AddressSpace(frames, pages);
        long va = memory.map(PAGES * PAGE, true);
        var account = new Counted(steps);
        var object = PageObject.ofMemory(frames, memory, va, true, account);
        object.gained();
        var users = new ArrayList<User>();
        var counts = new int[PAGES];
        for (int step = 0; step < 3000; step++) {
            if (users.isEmpty() || random.nextInt(8 + users.size()) > users.size()) {
                int first = random.nextInt(PAGES);
                var user = new User(first, 1 + random.nextInt(Math.min(12, PAGES - first)));
                if (acquires(object, user, steps, random.nextInt(10))) {
                    users.add(user);
                    count(counts, user, 1);
                }
            } else {
                var user = users.remove(random.nextInt(users.size()));
                object.release(user.first * PAGE, user.pages * PAGE);
                count(counts, user, -1);
            }
            check(frames, memory, va, account, object, counts);
        }
        users.forEach(user -> object.release(user.first * PAGE, user.pages * PAGE));
        object.lost();
        assertThat(frames.pinned()).isZero();
        assertThat(account.pages).isZero();
        memory.release();
        pages.close();
    }

    private static boolean acquires(PageObject object, User user, Steps steps, int failing) {
        if (failing > 0 && failing < 4) {
            steps.failNth(failing);
        }
        try {
            // Not all of the first and last page is asked for, and yet they are pinned whole.
            object.acquire(user.first * PAGE + 100, user.pages * PAGE - 200);
            return true;
        } catch (HostException e) {
            return false;
        } finally {
            steps.disarm();
        }
    }

    private static void count(int[] counts, User user, int change) {
        for (int page = user.first; page < user.first + user.pages; page++) {
            counts[page] += change;
        }
    }

    private static void check(
            HostFrames frames, AddressSpace memory, long va, Counted account, PageObject object, int[] counts) {
        long wanted = java.util.Arrays.stream(counts).filter(count -> count > 0).count();
        assertThat(frames.pinned()).isEqualTo(wanted * PAGE);
        assertThat(account.pages).isEqualTo(wanted);
        assertThat(object.pinnedPages()).isEqualTo(wanted);
        for (int page = 0; page < counts.length; page++) {
            if (counts[page] > 0) {
                var told = new long[1];
                object.tell(page * PAGE, PAGE, (frame, length) -> told[0] = frame);
                var behind = new long[1];
                memory.pages(va + page * PAGE).pin(0, PAGE, false, (frame, length) -> behind[0] = frame);
                frames.unpin(behind[0], PAGE);
                assertThat(told[0]).isEqualTo(behind[0]);
            }
        }
    }
}
