package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.process.OpenFile;
import io.sluice.vfio.host.process.Process;
import java.util.function.Supplier;

/// Publishes objects that come with a file of their own: a failure on the way leaves neither.
final class QueueFiles {
    /// Makes the answer of a request.
    @FunctionalInterface
    interface AnswerOf<A> {
        A answer(int id, int fd);
    }

    private QueueFiles() {}

    /// @param step what is passed before anything is taken
    /// @param file makes the file, which refers to the object and to the context until it is closed
    static <A> A publish(
            Iommufd context,
            Process caller,
            IommuObject object,
            String step,
            Supplier<? extends OpenFile> file,
            AnswerOf<A> answer) {
        int id;
        synchronized (context.lock) {
            context.steps().pass(step);
            id = context.objects.reserve();
        }
        var opened = file.get();
        try {
            int fd = caller.install(opened);
            synchronized (context.lock) {
                context.objects.publish(id, object);
            }
            return answer.answer(id, fd);
        } catch (HostException e) {
            synchronized (context.lock) {
                context.objects.abandon(id);
            }
            opened.drop();
            throw e;
        }
    }
}
