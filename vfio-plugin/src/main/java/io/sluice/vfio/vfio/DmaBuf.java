package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;

/// Memory of a device that was exported for others to read. The exporter revokes it when the device's user goes;
/// from then on nobody reaches the memory by it. Inside the device's strand.
public final class DmaBuf {
    private final VfioMemory memory;
    private boolean revoked;

    public DmaBuf(VfioMemory memory) {
        this.memory = memory;
    }

    /// @throws HostException ENODEV once it was revoked
    public VfioMemory memory() {
        if (revoked) {
            throw new HostException(Errno.ENODEV, "the dma-buf was revoked");
        }
        return memory;
    }

    public void revoke() {
        revoked = true;
    }
}
