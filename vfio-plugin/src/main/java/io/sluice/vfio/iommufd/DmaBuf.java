package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.memory.HostFrames;
import io.sluice.vfio.host.process.OpenFile;
import io.sluice.vfio.host.process.RequestTable;
import io.sluice.vfio.iommufd.ioas.DeviceMemory;
import java.util.ArrayList;
import java.util.List;

/// A file of a device's own memory, which IOMMU_IOAS_MAP_FILE takes, so that other devices reach it. Its owner, the
/// device's driver, takes it back when the memory cannot be used, as during a reset or with decoding off, and gives it
/// again. Any thread; the owner does one after the other.
public final class DmaBuf extends OpenFile {
    private static final RequestTable<DmaBuf> REQUESTS = RequestTable.of("dmabuf", DmaBuf.class);
    private static final long PAGE = 4096;

    private final HostFrames.Run memory;
    /// Contexts that have mapped it, one entry for each time.
    private final List<Iommufd> users = new ArrayList<>();
    private volatile boolean revoked;

    /// @param memory whole pages
    /// @param revoked whether it begins so
    public DmaBuf(HostFrames.Run memory, boolean revoked) {
        if (((memory.first() | memory.length()) & PAGE - 1) != 0) {
            throw new IllegalArgumentException("a part of a page");
        }
        this.memory = memory;
        this.revoked = revoked;
    }

    public boolean isRevoked() {
        return revoked;
    }

    /// Takes the memory back: when it returns, no DMA of any context reaches it.
    public void revoke() {
        revoked = true;
        for (var context : users()) {
            synchronized (context.lock) {
                context.objects.each(Ioas.class, ioas -> ioas.space.withdraw(this));
            }
        }
    }

    /// Gives it again: it is mapped where it was.
    public void restore() {
        revoked = false;
        for (var context : users()) {
            synchronized (context.lock) {
                context.objects.each(Ioas.class, ioas -> ioas.space.putBack(this));
            }
        }
    }

    private synchronized List<Iommufd> users() {
        return users.stream().distinct().toList();
    }

    HostFrames.Run memory() {
        return memory;
    }

    /// A context maps it, and hears of revocations from now on; its lock is held.
    ///
    /// @return what its page object tells when it is not mapped any more
    /// @throws HostException ENODEV while it is revoked
    DeviceMemory enter(Iommufd context) {
        synchronized (this) {
            users.add(context);
        }
        // Whoever revokes it from now on waits for the lock, and finds it mapped.
        if (revoked) {
            leave(context);
            throw refuse(Errno.ENODEV, "revoked");
        }
        retain();
        return new Use(context);
    }

    private synchronized void leave(Iommufd context) {
        users.remove(context);
    }

    /// One page object's hold on it.
    private final class Use implements DeviceMemory {
        private final Iommufd context;

        Use(Iommufd context) {
            this.context = context;
        }

        @Override
        public HostFrames.Run memory() {
            return memory;
        }

        @Override
        public boolean isRevoked() {
            return revoked;
        }

        @Override
        public boolean isOf(Object buffer) {
            return buffer.equals(DmaBuf.this);
        }

        @Override
        public void unused() {
            leave(context);
            drop();
        }
    }

    @Override
    public RequestTable<?> requests() {
        return REQUESTS;
    }

    @Override
    protected void released() {}
}
