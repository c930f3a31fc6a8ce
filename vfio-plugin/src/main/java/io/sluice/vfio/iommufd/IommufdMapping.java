package io.sluice.vfio.iommufd;

import io.sluice.vfio.host.memory.HostFrames;

/// Something of a context that a process has mapped; whose it is stays until it is closed. Any thread.
public final class IommufdMapping implements AutoCloseable {
    private final Iommufd context;
    private final IommuObject owner;
    private final HostFrames.Run memory;
    private boolean closed;

    IommufdMapping(Iommufd context, MmapRegions.Region region) {
        this.context = context;
        this.owner = region.owner();
        this.memory = region.memory();
        context.retain();
        owner.users++;
    }

    public HostFrames.Run memory() {
        return memory;
    }

    @Override
    public void close() {
        synchronized (context.lock) {
            if (closed) {
                return;
            }
            closed = true;
            owner.users--;
        }
        context.drop();
    }
}
