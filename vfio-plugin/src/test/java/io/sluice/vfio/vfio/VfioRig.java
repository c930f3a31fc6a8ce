package io.sluice.vfio.vfio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.process.Kernel;
import io.sluice.vfio.host.process.OpenFile;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.host.process.Request;
import io.sluice.vfio.host.process.RequestTable;
import io.sluice.vmm.testkit.DirectLoop;
import io.sluice.vmm.trace.Trace;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/// A host with vfio, one process, and an iommufd that only writes down what is asked of it.
final class VfioRig implements AutoCloseable {
    final Steps steps = new Steps();
    final Kernel kernel = new Kernel(steps, Trace.none());
    final DirectLoop loop = new DirectLoop();
    final List<String> asked = new ArrayList<>();
    final VfioHost host = new VfioHost(kernel, new Binder());
    final Process process = kernel.start("vmm", 1000, Set.of(), 1 << 20);

    /// Stands for an iommufd.
    static final class Context extends OpenFile {
        private static final RequestTable<Context> REQUESTS = RequestTable.of("context", Context.class);

        @Override
        public RequestTable<?> requests() {
            return REQUESTS;
        }

        @Override
        protected void released() {}
    }

    private final class Binder implements IommuBinder {
        private int ids;

        @Override
        public boolean isIommufd(OpenFile file) {
            return file instanceof Context;
        }

        @Override
        public IommuBinding bind(OpenFile iommufd, VfioNode node) {
            asked.add("bind");
            iommufd.retain();
            return new Binding(iommufd, ++ids);
        }

        @Override
        public void makeCompat(OpenFile iommufd) {}
    }

    private final class Binding implements IommuBinding {
        private final OpenFile context;
        private final int id;

        Binding(OpenFile context, int id) {
            this.context = context;
            this.id = id;
        }

        @Override
        public int id() {
            return id;
        }

        @Override
        public Object context() {
            return context;
        }

        @Override
        public int attach(int pasid, int ptId, boolean replace) {
            if (ptId == 404) {
                throw new HostException(Errno.ENOENT, "page table " + ptId);
            }
            asked.add((replace ? "replace " : "attach ") + pasid + " " + ptId);
            return ptId + 1000;
        }

        @Override
        public int attachCompat() {
            return attach(0, 77, false);
        }

        @Override
        public void detach(int pasid) {
            asked.add("detach " + pasid);
        }

        @Override
        public void unbind() {
            asked.add("unbind");
            context.drop();
        }
    }

    VfioNode register(String name, VfioDeviceOps ops) {
        return host.register(name, ops, loop.strand(), DeviceSet.alone());
    }

    int newContext() {
        return process.install(new Context());
    }

    int newEventfd() {
        return process.install(new EventfdFile());
    }

    /// How often an eventfd was signalled since it was last asked.
    long taken(int fd) {
        var eventfd = (EventfdFile) process.file(fd);
        try {
            return eventfd.take();
        } catch (HostException e) {
            assertThat(e.errno()).isEqualTo(Errno.EAGAIN);
            return 0;
        }
    }

    /// Opens the node's own file, bound to a new context.
    int openBound(VfioNode node) {
        int fd = process.open(node.path());
        process.ioctl(fd, new DeviceRequests.BindIommufd(newContext()));
        return fd;
    }

    <R> R ask(int fd, Request<R> request) {
        return process.ioctl(fd, request);
    }

    static void refused(Errno errno, ThrowingCallable call) {
        var refused = catchThrowableOfType(HostException.class, call);
        assertThat(refused).as("refused with " + errno).isNotNull();
        assertThat(refused.errno()).isEqualTo(errno);
    }

    @Override
    public void close() {
        process.exit();
        kernel.close();
    }
}
