package io.sluice.vfio.vfio;

import io.sluice.vfio.host.HostException;
import io.sluice.vmm.loop.Strand;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Asks a device something from a thread that is not inside its strand, so that a refusal comes back as one.
public final class Inside {
    private Inside() {}

    private static final class Question<T> implements Runnable {
        private final Supplier<T> question;
        private @Nullable T answer;
        private @Nullable HostException refusal;

        Question(Supplier<T> question) {
            this.question = question;
        }

        @Override
        public void run() {
            try {
                answer = question.get();
            } catch (HostException e) {
                refusal = e;
            }
        }

        T answer() {
            if (refusal != null) {
                throw refusal;
            }
            if (answer == null) {
                throw new IllegalStateException("the strand did not run its task");
            }
            return answer;
        }
    }

    /// @return what `question` answers inside the strand
    /// @throws HostException that it throws there
    public static <T> T of(Strand strand, Supplier<T> question) {
        var asked = new Question<>(question);
        strand.call(asked);
        return asked.answer();
    }

    /// @throws HostException that `task` throws inside the strand
    public static void run(Strand strand, Runnable task) {
        of(strand, () -> {
            task.run();
            return true;
        });
    }
}
