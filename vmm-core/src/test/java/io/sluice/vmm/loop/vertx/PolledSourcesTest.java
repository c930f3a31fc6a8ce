package io.sluice.vmm.loop.vertx;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.loop.EventLoop;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class PolledSourcesTest {
    private final List<String> log = new ArrayList<>();
    private final LoopTimes times = new LoopTimes("loop", new LoopEvents() {
        @Override
        public void failed(String loop, Throwable failure) {
            log.add(loop + " failed: " + failure.getMessage());
        }

        @Override
        public void blocked(String loop, long nanos) {
            throw new AssertionError("nothing blocks here");
        }
    });
    private final PolledSources sources = new PolledSources(times);

    private final class Named implements EventLoop.Source {
        private final String name;
        private int left;

        Named(String name, int left) {
            this.name = name;
            this.left = left;
        }

        @Override
        public boolean isReady() {
            return left > 0;
        }

        @Override
        public void run() {
            left--;
            log.add(name);
            if (name.isEmpty()) {
                throw new IllegalStateException("no name");
            }
        }

        @Override
        public void unpolled() {
            log.add(name + " unpolled");
        }
    }

    @Test
    void eachSourceThatHasWorkDoesAPartOfItInALook() {
        sources.add(new Named("a", 2));
        sources.add(new Named("b", 0));
        sources.add(new Named("c", 1));

        boolean first = sources.look();
        var afterOne = List.copyOf(log);
        boolean second = sources.look();
        boolean third = sources.look();

        assertThat(afterOne).containsExactlyInAnyOrder("a", "c");
        assertThat(log).hasSize(3).endsWith("a");
        assertThat(List.of(first, second, third)).containsExactly(true, true, false);
    }

    @Test
    void aSourceThatFailsIsReportedAndStays() {
        sources.add(new Named("", 2));

        sources.look();
        sources.look();

        assertThat(log).containsExactly("", "loop failed: no name", "", "loop failed: no name");
    }

    @Test
    void aSourceThatIsQuietForLongIsLetGo() {
        sources.add(new Named("busy", Integer.MAX_VALUE));
        sources.add(new Named("quiet", 0));

        for (int i = 0; i < 100_000; i++) {
            sources.look();
        }

        assertThat(log).contains("quiet unpolled").doesNotContain("busy unpolled");
    }

    @Test
    void aLoopThatSleepsLetsAllGoAndMayBeAskedAgain() {
        sources.add(new Named("a", 1));
        sources.add(new Named("b", 0));

        sources.letGo();
        boolean found = sources.look();

        assertThat(log).containsExactlyInAnyOrder("a unpolled", "b unpolled");
        assertThat(found).isFalse();
        assertThat(sources.add(new Named("a", 1))).isTrue();
    }

    @Test
    void aLoopThatEndsLetsAllGoAndLooksNoMore() {
        sources.add(new Named("a", 1));

        sources.close();

        assertThat(log).containsExactly("a unpolled");
        assertThat(sources.add(new Named("b", 1))).isFalse();
    }

    @Test
    void timeIsKept() {
        sources.add(new Named("a", 3));

        sources.look();
        sources.look();

        assertThat(times.watch().batches()).isEqualTo(2);
    }
}
