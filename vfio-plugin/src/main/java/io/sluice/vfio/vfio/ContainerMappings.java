package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/// What is mapped in one container, as its user asked for it: mappings are unmapped whole, and there are so many at
/// most. Guarded by its container.
final class ContainerMappings {
    static final int MOST = 65535;

    private static final long PAGE = 4096;

    /// One mapping, both ends inclusive.
    record Mapping(long first, long last) {
        long size() {
            return last - first + 1;
        }
    }

    private final TreeMap<Long, Mapping> mappings = new TreeMap<>(Long::compareUnsigned);

    int left() {
        return MOST - mappings.size();
    }

    /// @throws HostException EINVAL for no size or parts of pages, EOVERFLOW beyond the last address
    private static Mapping range(long iova, long size) {
        if (size == 0 || ((iova | size) & PAGE - 1) != 0) {
            throw new HostException(Errno.EINVAL, "no size, or parts of pages");
        }
        if (Long.compareUnsigned(iova + size - 1, iova) < 0) {
            throw new HostException(Errno.EOVERFLOW, "beyond the last address");
        }
        return new Mapping(iova, iova + size - 1);
    }

    /// Notes a mapping that is about to be made.
    ///
    /// @throws HostException EINVAL, EOVERFLOW; EEXIST if something is there; ENOSPC if there are too many
    Mapping add(long iova, long size) {
        var added = range(iova, size);
        if (!meeting(added).isEmpty()) {
            throw new HostException(Errno.EEXIST, "something is mapped there");
        }
        if (left() == 0) {
            throw new HostException(Errno.ENOSPC, "there are " + MOST + " mappings");
        }
        mappings.put(iova, added);
        return added;
    }

    void remove(Mapping mapping) {
        mappings.remove(mapping.first());
    }

    void putBack(List<Mapping> all) {
        all.forEach(mapping -> mappings.put(mapping.first(), mapping));
    }

    /// Takes out what is in a range.
    ///
    /// @param whole whether a mapping that reaches out of the range is an error, or goes with the rest
    /// @throws HostException EINVAL, EOVERFLOW
    List<Mapping> take(long iova, long size, boolean whole) {
        var range = range(iova, size);
        var found = meeting(range);
        for (var mapping : found) {
            if (whole
                    && (Long.compareUnsigned(mapping.first(), range.first()) < 0
                            || Long.compareUnsigned(mapping.last(), range.last()) > 0)) {
                throw new HostException(Errno.EINVAL, "a mapping is not cut");
            }
        }
        found.forEach(this::remove);
        return found;
    }

    List<Mapping> takeAll() {
        var all = List.copyOf(mappings.values());
        mappings.clear();
        return all;
    }

    /// In order.
    private List<Mapping> meeting(Mapping range) {
        var found = new ArrayList<Mapping>();
        var before = mappings.lowerEntry(range.first());
        if (before != null && Long.compareUnsigned(before.getValue().last(), range.first()) >= 0) {
            found.add(before.getValue());
        }
        found.addAll(mappings.subMap(range.first(), true, range.last(), true).values());
        return found;
    }

    /// Sets a bit for each page that is mapped.
    ///
    /// @return how many
    /// @throws HostException EINVAL for a page size that is not offered, or a bitmap that is too small
    long mark(long iova, long size, long pageSize, long[] bitmap) {
        var range = range(iova, size);
        long pages = Long.divideUnsigned(size, PAGE);
        if (pageSize != PAGE || Long.compareUnsigned(pages, 64L * bitmap.length) > 0) {
            throw new HostException(Errno.EINVAL, "pages of " + pageSize + " bytes, or too small a bitmap");
        }
        long count = 0;
        for (var mapping : meeting(range)) {
            long first = Long.compareUnsigned(mapping.first(), iova) > 0 ? mapping.first() - iova : 0;
            long last = Long.compareUnsigned(mapping.last(), range.last()) < 0 ? mapping.last() - iova : size - 1;
            for (long page = first / PAGE; page <= last / PAGE; page++) {
                bitmap[(int) (page >>> 6)] |= 1L << page;
                count++;
            }
        }
        return count;
    }
}
