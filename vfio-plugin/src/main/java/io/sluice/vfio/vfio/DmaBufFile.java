package io.sluice.vfio.vfio;

import io.sluice.vfio.host.process.OpenFile;
import io.sluice.vfio.host.process.RequestTable;
import io.sluice.vmm.loop.Strand;

/// The file of memory that a device has exported. Any thread.
public final class DmaBufFile extends OpenFile {
    private static final RequestTable<DmaBufFile> REQUESTS = RequestTable.of("dma-buf", DmaBufFile.class);

    private final Strand strand;
    private final DmaBuf buffer;

    DmaBufFile(Strand strand, DmaBuf buffer) {
        this.strand = strand;
        this.buffer = buffer;
    }

    /// @throws HostException ENODEV once it was revoked
    public VfioMemory memory() {
        return Inside.of(strand, buffer::memory);
    }

    @Override
    public RequestTable<?> requests() {
        return REQUESTS;
    }

    @Override
    protected void released() {}
}
