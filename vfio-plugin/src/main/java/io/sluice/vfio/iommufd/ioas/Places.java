package io.sluice.vfio.iommufd.ioas;

import static io.sluice.vfio.host.Errno.EADDRINUSE;
import static io.sluice.vfio.host.Errno.EEXIST;
import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.ENOSPC;
import static io.sluice.vfio.host.Errno.EOVERFLOW;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import java.util.List;

/// Where an area may be: not where something is reserved or mapped; and, if a place is to be chosen, where that is
/// allowed.
final class Places {
    private static final long PAGE = PageObject.PAGE;
    /// Places that are chosen are aligned to this at most: the page size of the second level.
    private static final long HUGE_PAGE = 2L << 20;

    private final Steps steps;
    private final AreaTree areas;
    private final ReservedRanges reserved = new ReservedRanges();
    private List<IovaRange> allowed = List.of();

    Places(Steps steps, AreaTree areas) {
        this.steps = steps;
        this.areas = areas;
    }

    /// What is not reserved, in order.
    List<IovaRange> usable() {
        return reserved.free();
    }

    void allow(List<IovaRange> ranges) {
        for (int i = 0; i < ranges.size(); i++) {
            var range = ranges.get(i);
            if (Long.compareUnsigned(range.first(), range.last()) >= 0) {
                throw new HostException(EINVAL, "no range: " + range);
            }
            for (int j = 0; j < i; j++) {
                if (range.meets(ranges.get(j).first(), ranges.get(j).last())) {
                    throw new HostException(EINVAL, "overlapping ranges: " + range);
                }
            }
            if (reserved.meets(range.first(), range.last())) {
                throw new HostException(EADDRINUSE, "reserved: " + range);
            }
        }
        steps.pass("iommufd.ioas.allow");
        allowed = List.copyOf(ranges);
    }

    void reserve(Object owner, List<IovaRange> ranges) {
        try {
            for (var range : ranges) {
                reserve(owner, range);
            }
        } catch (HostException e) {
            reserved.removeAll(owner);
            throw e;
        }
    }

    private void reserve(Object owner, IovaRange range) {
        if (areas.meeting(range.first(), range.last()) != null) {
            throw new HostException(EADDRINUSE, "mapped: " + range);
        }
        for (var allowedRange : allowed) {
            if (allowedRange.meets(range.first(), range.last())) {
                throw new HostException(EADDRINUSE, "allowed: " + allowedRange);
            }
        }
        steps.pass("iommufd.ioas.reserve");
        reserved.add(owner, range);
    }

    void release(Object owner) {
        reserved.removeAll(owner);
    }

    /// The place that somebody asks for.
    ///
    /// @throws HostException EOVERFLOW beyond the last address, EINVAL if it is misaligned or reserved, EEXIST if
    ///     something is mapped there
    long checked(long iova, long length, long alignment) {
        long last = iova + length - 1;
        if (Long.compareUnsigned(last, iova) < 0) {
            throw new HostException(EOVERFLOW, "IOVA 0x" + Long.toHexString(iova) + " + " + length);
        }
        if ((iova & alignment - 1) != 0 || reserved.meets(iova, last)) {
            throw new HostException(EINVAL, "IOVA " + new IovaRange(iova, last));
        }
        if (areas.meeting(iova, last) != null) {
            throw new HostException(EEXIST, "IOVA " + new IovaRange(iova, last));
        }
        return iova;
    }

    /// A free place as aligned as its size and where its memory lies suggest, so that large pages fit; never address 0.
    ///
    /// @param address where its memory lies in its file or process
    /// @throws HostException ENOSPC if there is none
    long chosen(long address, long length, long alignment) {
        long wanted = Math.min(roundedUp(length), HUGE_PAGE);
        if (address != 0) {
            wanted = Math.min(wanted, Long.lowestOneBit(address));
        }
        wanted = Math.max(wanted, alignment);
        // The offset in the page stays, whatever the alignment.
        long residue = wanted >= PAGE ? 0 : address & PAGE - 1;
        long step = Math.max(wanted, PAGE);
        for (var hole : allowed.isEmpty() ? reserved.free() : allowed) {
            long low = Long.compareUnsigned(hole.first(), PAGE) < 0 ? PAGE : hole.first();
            long high = Long.compareUnsigned(hole.last(), -PAGE - 1) > 0 ? -PAGE - 1 : hole.last();
            long at = Long.compareUnsigned(low, high) > 0 ? 0 : areas.findHole(low, high, length, step, residue);
            if (at != 0) {
                return at;
            }
        }
        throw new HostException(ENOSPC, "no hole for " + length + " bytes");
    }

    private static long roundedUp(long length) {
        long highest = Long.highestOneBit(length);
        return highest == length || highest < 0 ? highest : highest << 1;
    }
}
