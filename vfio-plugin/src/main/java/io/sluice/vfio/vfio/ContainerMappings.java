package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/// What is mapped in one container, as its user asked for it: mappings are unmapped whole, and there are so many at
/// most. Guarded by its container.
final class ContainerMappings {
    static final int MOST = 65535;

    private static final long PAGE = 4096;

    /// One mapping, both ends inclusive.
    static final class Mapping {
        private final long first;
        private final long last;
        /// Whether all of it counts as written, since a device that says nothing of what it writes has left.
        private boolean dirty;

        private Mapping(long first, long last) {
            this.first = first;
            this.last = last;
        }

        long first() {
            return first;
        }

        long last() {
            return last;
        }

        long size() {
            return last - first + 1;
        }

        boolean isDirty() {
            return dirty;
        }

        void dirty(boolean whole) {
            dirty = whole;
        }
    }

    private final TreeMap<Long, Mapping> mappings = new TreeMap<>(Long::compareUnsigned);
    private final Steps steps;

    ContainerMappings(Steps steps) {
        this.steps = steps;
    }

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
        steps.pass("vfio.container.mapping");
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
        if (whole) {
            requireWhole(range, found);
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

    /// Says of each whether all of it counts as written.
    void allDirty(boolean dirty) {
        mappings.values().forEach(mapping -> mapping.dirty(dirty));
    }

    /// What is mapped in a range.
    ///
    /// @throws HostException EINVAL if a mapping reaches out of it
    List<Mapping> whole(long first, long last) {
        var range = new Mapping(first, last);
        var found = meeting(range);
        requireWhole(range, found);
        return found;
    }

    private static void requireWhole(Mapping range, List<Mapping> found) {
        for (var mapping : found) {
            if (Long.compareUnsigned(mapping.first(), range.first()) < 0
                    || Long.compareUnsigned(mapping.last(), range.last()) > 0) {
                throw new HostException(Errno.EINVAL, "a mapping is cut");
            }
        }
    }
}
