package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.ENXIO;
import static io.sluice.vfio.host.Errno.EPERM;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.memory.HostFrames;
import java.util.ArrayList;
import java.util.List;

/// What drivers offer to be mapped by the file of a context. Guarded by the context's lock.
final class MmapRegions {
    private static final long PAGE = 4096;

    /// @param owner stays as long as it is mapped
    record Region(IommuObject owner, long offset, HostFrames.Run memory) {}

    private final List<Region> regions = new ArrayList<>();
    private long next = PAGE;

    Region add(IommuObject owner, HostFrames.Run memory) {
        var region = new Region(owner, next, memory);
        next += memory.length() + PAGE - 1 & -PAGE;
        regions.add(region);
        return region;
    }

    void remove(Region region) {
        regions.remove(region);
    }

    /// @throws HostException ENXIO unless offset and length are just as they were offered
    Region find(long offset, long length, boolean shared, boolean executable) {
        if (!shared || (length & PAGE - 1) != 0) {
            throw new HostException(EINVAL, "mmap of " + length + " bytes");
        }
        if (executable) {
            throw new HostException(EPERM, "mmap to execute");
        }
        return regions.stream()
                .filter(region -> region.offset == offset && region.memory.length() == length)
                .findFirst()
                .orElseThrow(() -> new HostException(ENXIO, "mmap at " + offset));
    }
}
