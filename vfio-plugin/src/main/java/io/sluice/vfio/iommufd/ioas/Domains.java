package io.sluice.vfio.iommufd.ioas;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.iommu.PagingDomain;
import io.sluice.vfio.host.memory.HostFrames;
import io.sluice.vmm.address.Iova;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The domains of an IOAS, all of which translate its areas alike.
final class Domains {
    private final Steps steps;
    private PagingDomain[] all = {};

    Domains(Steps steps) {
        this.steps = steps;
    }

    boolean any() {
        return all.length > 0;
    }

    /// The largest of the smallest pages.
    long alignment() {
        long alignment = 1;
        for (var domain : all) {
            alignment = Math.max(alignment, domain.granule());
        }
        return alignment;
    }

    /// What a domain does not translate.
    static List<IovaRange> outside(PagingDomain domain) {
        var outside = new ArrayList<IovaRange>();
        if (domain.aperture().first() != 0) {
            outside.add(new IovaRange(0, domain.aperture().first() - 1));
        }
        outside.add(new IovaRange(domain.aperture().last() + 1, -1));
        return outside;
    }

    void add(PagingDomain domain) {
        steps.pass("iommufd.ioas.domain");
        all = Arrays.copyOf(all, all.length + 1);
        all[all.length - 1] = domain;
    }

    void remove(PagingDomain domain) {
        all = Arrays.stream(all).filter(other -> !other.equals(domain)).toArray(PagingDomain[]::new);
    }

    // ---- an area in all of them

    /// Pins an area and maps it in every domain; nothing without one.
    ///
    /// @throws HostException then it is in none, and not pinned
    void fill(Area area, boolean hugePages) {
        int done = 0;
        try {
            for (; done < all.length; done++) {
                fillOne(all[done], area, hugePages);
            }
        } catch (HostException e) {
            for (int i = 0; i < done; i++) {
                unmap(all[i], area);
            }
            unpin(area);
            throw e;
        }
    }

    /// Takes an area out of every domain; then no DMA reaches it. Then lets go of its pages.
    void empty(Area area) {
        for (var domain : all) {
            unmap(domain, area);
        }
        unpin(area);
    }

    private static void unpin(Area area) {
        if (area.filled) {
            area.filled = false;
            area.pages.release(area.start, area.length());
        }
    }

    /// Takes over what an area holds by the two that it is divided into.
    void divide(Area area, Area left, Area right) {
        if (!area.filled) {
            return;
        }
        // The pages are held, so neither can fail.
        area.pages.acquire(left.start, left.length());
        area.pages.acquire(right.start, right.length());
        left.filled = true;
        right.filled = true;
        area.filled = false;
        area.pages.release(area.start, area.length());
    }

    // ---- memory that its device takes back

    /// Takes an area out of every domain, and keeps what it holds.
    void withdraw(Area area) {
        for (var domain : all) {
            unmap(domain, area);
        }
    }

    /// Maps an area again that was withdrawn; where there is no room for tables, it stays away.
    void putBack(Area area, boolean hugePages) {
        for (var domain : all) {
            unmap(domain, area);
            try {
                map(domain, area, hugePages);
            } catch (HostException e) {
                unmap(domain, area);
            }
        }
    }

    // ---- an area in one of them

    /// Maps an area in a domain, and pins it if it is the first.
    ///
    /// @throws HostException then it is not in the domain
    void fillOne(PagingDomain domain, Area area, boolean hugePages) {
        boolean pins = !area.filled;
        if (pins) {
            steps.pass("iommufd.pages.pin");
            area.pages.acquire(area.start, area.length());
            area.filled = true;
        }
        try {
            steps.pass("iommufd.domain.map");
            if (!area.pages.isRevoked()) {
                map(domain, area, hugePages);
            }
        } catch (HostException e) {
            unmap(domain, area);
            if (pins) {
                unpin(area);
            }
            throw e;
        }
    }

    /// Takes an area out of a domain that is not in the list any more, or not yet; without any left lets go of its
    /// pages.
    void emptyOne(PagingDomain domain, Area area) {
        unmap(domain, area);
        if (all.length == 0) {
            unpin(area);
        }
    }

    private static void unmap(PagingDomain domain, Area area) {
        domain.unmap(new Iova(area.first), area.length());
    }

    private static void map(PagingDomain domain, Area area, boolean hugePages) {
        area.pages.tell(area.start, area.length(), new Mapper(domain, area, hugePages));
    }

    /// Puts the frames of an area one behind the other.
    private static final class Mapper implements HostFrames.RunSink {
        private final PagingDomain domain;
        private final Area area;
        private final boolean hugePages;
        private long iova;

        Mapper(PagingDomain domain, Area area, boolean hugePages) {
            this.domain = domain;
            this.area = area;
            this.hugePages = hugePages;
            this.iova = area.first;
        }

        @Override
        public void run(long first, long length) {
            long piece = hugePages ? length : PageObject.PAGE;
            for (long done = 0; done < length; ) {
                long count = Math.min(piece, length - done);
                domain.map(new Iova(iova), new HostFrames.Run(first + done, count), area.readable, area.writable);
                iova += count;
                done += count;
            }
        }
    }
}
