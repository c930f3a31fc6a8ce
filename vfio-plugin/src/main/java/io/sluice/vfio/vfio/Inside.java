package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Errno;
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

    /// Looks whether a request can be made to a device that waits for it, before anything is locked for it.
    ///
    /// @throws HostException EDEADLOCK from inside the device, as at the end of a transfer or of an interrupt
    static void requireOutside(Strand strand) {
        if (strand.isInside()) {
            throw new HostException(Errno.EDEADLOCK, "the device is asked from inside itself");
        }
    }

    /// @return what `question` answers inside the strand
    /// @throws HostException that it throws there, or as [#requireOutside]
    public static <T> T of(Strand strand, Supplier<T> question) {
        requireOutside(strand);
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
