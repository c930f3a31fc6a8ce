package io.sluice.vfio.invariants;

import io.sluice.vfio.host.iommu.Domain;
import io.sluice.vfio.host.memory.AddressSpace;
import io.sluice.vfio.host.memory.MemFile;
import io.sluice.vfio.invariants.Devices.Node;
import io.sluice.vfio.invariants.Files.Doc;
import io.sluice.vfio.iommufd.Iommufd;
import java.util.LinkedHashSet;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// What an iommufd has: objects by their ids, and what is mapped.
final class Spaces {
    private Spaces() {}

    /// A file of memory, and what is in it.
    record Mem(MemFile file, byte[] bytes) {}

    /// What is mapped. Memory of a process has no `mem`: only whether it is reached is known.
    record Area(
            long first,
            long length,
            boolean read,
            boolean write,
            boolean source,
            @Nullable Mem mem,
            long offset,
            @Nullable AddressSpace via) {
        static @Nullable Area at(NavigableMap<Long, Area> areas, long iova) {
            var entry = areas.floorEntry(iova);
            return entry == null || iova >= entry.getValue().end() ? null : entry.getValue();
        }

        boolean isDead() {
            return via != null && via.isDead();
        }

        long end() {
            return first + length;
        }

        Area part(long from, long to) {
            return new Area(from, to - from, read, write, source, mem, offset + from - first, via);
        }

        Area copied(long by, boolean mayRead, boolean mayWrite) {
            return new Area(first + by, length, mayRead, mayWrite, source, mem, offset, via);
        }

        Area readOnly() {
            return new Area(first, length, read, false, source, mem, offset, via);
        }
    }

    /// What an id names.
    abstract static sealed class Obj permits Ioas, Hwpt, Bound {}

    static final class Ioas extends Obj {
        final Ctx ctx;
        final TreeMap<Long, Area> areas = new TreeMap<>();
        final Set<Node> accesses = new LinkedHashSet<>();
        int hwpts;

        Ioas(Ctx ctx) {
            this.ctx = ctx;
        }

        @Nullable
        Area at(long iova) {
            return Area.at(areas, iova);
        }

        boolean hasDead() {
            return areas.values().stream().anyMatch(Area::isDead);
        }

        boolean meets(long first, long end) {
            var entry = areas.lowerEntry(end);
            return entry != null && entry.getValue().end() > first;
        }

        void remove(Area area) {
            areas.remove(area.first);
            for (var node : accesses) {
                node.killPins(area);
            }
        }
    }

    static final class Hwpt extends Obj {
        final Ioas ioas;
        final boolean automatic;
        final boolean pasids;
        final boolean dirty;
        int users;

        /// What the IOMMU has of it, once that has been seen.
        @Nullable
        Domain domain;

        Hwpt(Ioas ioas, boolean automatic, boolean pasids, boolean dirty) {
            this.ioas = ioas;
            this.automatic = automatic;
            this.pasids = pasids;
            this.dirty = dirty;
        }
    }

    /// A device or an access.
    static final class Bound extends Obj {
        final Node node;

        Bound(Node node) {
            this.node = node;
        }
    }

    static final class Ctx extends Doc {
        final Iommufd real;
        final TreeMap<Integer, Obj> objects = new TreeMap<>();

        @Nullable
        Ioas compat;

        Ctx(Iommufd real) {
            this.real = real;
        }

        boolean has(Predicate<Obj> kind) {
            for (var object : objects.values()) {
                if (kind.test(object)) {
                    return true;
                }
            }
            return false;
        }

        int idOf(Obj object) {
            for (var entry : objects.entrySet()) {
                if (entry.getValue() == object) {
                    return entry.getKey();
                }
            }
            return -1;
        }

        int lowestFree() {
            int id = 1;
            while (objects.containsKey(id)) {
                id++;
            }
            return id;
        }

        @Nullable
        Hwpt automatic(Ioas ioas) {
            for (var object : objects.values()) {
                if (object instanceof Hwpt hwpt && hwpt.automatic && hwpt.ioas == ioas) {
                    return hwpt;
                }
            }
            return null;
        }

        void put(int id, Obj object) {
            if (objects.putIfAbsent(id, object) != null) {
                throw new Broken("id " + id + " was given twice");
            }
            if (object instanceof Hwpt hwpt) {
                hwpt.ioas.hwpts++;
            }
        }

        void remove(Obj object) {
            objects.remove(idOf(object));
            if (object instanceof Hwpt hwpt) {
                hwpt.ioas.hwpts--;
            } else if (object == compat) {
                compat = null;
            }
        }

        void collect(Hwpt hwpt) {
            if (hwpt.automatic && hwpt.users == 0) {
                remove(hwpt);
            }
        }
    }
}
