package io.sluice.vfio.iommufd.ioas;

import static io.sluice.vfio.host.Errno.EADDRINUSE;
import static io.sluice.vfio.host.Errno.EBUSY;
import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.ENOENT;
import static io.sluice.vfio.host.Errno.EPERM;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.iommu.PagingDomain;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The addresses of one IOAS: areas, and which addresses may have any.
///
/// With a domain, every area is pinned and stands in every domain; without one, nothing is pinned but what accesses
/// pin.
public final class IovaSpace {
    private static final long PAGE = PageObject.PAGE;

    private final Steps steps;
    private final AreaTree areas = new AreaTree();
    private final Places places;
    private final Domains domains;
    private long alignment = 1;
    private int pinUsers;
    private boolean hugePages = true;

    public IovaSpace(Steps steps) {
        this.steps = steps;
        this.places = new Places(steps, areas);
        this.domains = new Domains(steps);
    }

    private static HostException refuse(Errno errno, String what) {
        return new HostException(errno, what);
    }

    private static String text(long first, long last) {
        return "IOVA " + new IovaRange(first, last);
    }

    // ---- which addresses may be used

    /// Addresses that may be mapped, in order.
    public List<IovaRange> usable() {
        return places.usable();
    }

    /// What addresses, lengths and offsets have to be multiples of.
    public long alignment() {
        return alignment;
    }

    /// Replaces the ranges that automatic choice is restricted to; an empty list restricts nothing.
    ///
    /// @throws HostException EINVAL for an empty or overlapping range, EADDRINUSE for one that is reserved in part
    public void allow(List<IovaRange> ranges) {
        places.allow(ranges);
    }

    /// Keeps ranges from being mapped, until [#release].
    ///
    /// @throws HostException EADDRINUSE if some of it is mapped or allowed; then none is reserved
    public void reserve(Object owner, List<IovaRange> ranges) {
        places.reserve(owner, ranges);
    }

    /// Gives back what was reserved for an owner.
    public void release(Object owner) {
        places.release(owner);
    }

    // ---- alignment

    private long alignmentWith(long domainAlignment, boolean huge, int pins) {
        long wanted = Math.max(domainAlignment, huge && pins == 0 ? 1 : PAGE);
        if (wanted > PAGE) {
            throw refuse(EINVAL, "pages of " + wanted + " bytes are larger than those of the host");
        }
        if (wanted > alignment) {
            for (var area = areas.from(0); area != null; area = areas.after(area)) {
                if (!area.isAligned(wanted)) {
                    throw refuse(EADDRINUSE, area + " is not a multiple of " + wanted);
                }
            }
        }
        return wanted;
    }

    private void settleAlignment() {
        alignment = Math.max(domains.alignment(), hugePages && pinUsers == 0 ? 1 : PAGE);
    }

    /// Somebody who pins whole pages has come.
    ///
    /// @throws HostException EADDRINUSE if areas are no whole pages
    public void addPinUser() {
        alignment = alignmentWith(domains.alignment(), hugePages, pinUsers + 1);
        pinUsers++;
    }

    /// He is gone.
    public void removePinUser() {
        pinUsers--;
        settleAlignment();
    }

    public boolean usesHugePages() {
        return hugePages;
    }

    /// Whether domains may use pages larger than the host's.
    ///
    /// @throws HostException EINVAL to switch them off while something is mapped in a domain, EADDRINUSE if areas are
    /// no
    ///     whole pages
    public void useHugePages(boolean huge) {
        if (huge == hugePages) {
            return;
        }
        if (!huge && domains.any() && areas.size() > 0) {
            throw refuse(EINVAL, "large pages may be in use");
        }
        alignment = alignmentWith(domains.alignment(), huge, pinUsers);
        hugePages = huge;
    }

    // ---- domains

    /// Adds a domain and maps in it what is mapped.
    ///
    /// @throws HostException EADDRINUSE if areas are outside its aperture or do not fit its pages, EINVAL if its pages
    ///     are larger than the host's, or why pages cannot be pinned or mapped; then it is empty
    public void add(PagingDomain domain) {
        long wanted = alignmentWith(Math.max(domains.alignment(), domain.granule()), hugePages, pinUsers);
        reserve(domain, Domains.outside(domain));
        Area done = null;
        try {
            for (var area = areas.from(0); area != null; area = areas.after(area)) {
                domains.fillOne(domain, area, hugePages);
                done = area;
            }
            domains.add(domain);
        } catch (HostException e) {
            for (var area = areas.from(0); done != null && area != null; area = areas.after(area)) {
                domains.emptyOne(domain, area);
                if (area == done) {
                    break;
                }
            }
            places.release(domain);
            throw e;
        }
        alignment = wanted;
    }

    /// Takes a domain away, which is empty then.
    public void remove(PagingDomain domain) {
        domains.remove(domain);
        for (var area = areas.from(0); area != null; area = areas.after(area)) {
            domains.emptyOne(domain, area);
        }
        places.release(domain);
        settleAlignment();
    }

    // ---- mapping

    /// Maps a part of a page object, which is gone if this fails and it has no other area.
    ///
    /// @param iova where, if `fixed`
    /// @return where
    public long map(
            PageObject pages, long start, long length, boolean readable, boolean writable, boolean fixed, long iova) {
        pages.gained();
        try {
            long at = choose(pages, start, length, fixed, iova);
            insert(pages, start, length, readable, writable, at);
            return at;
        } catch (HostException e) {
            pages.lost();
            throw e;
        }
    }

    /// Maps parts one behind the other.
    ///
    /// @return where the first is
    public long map(List<Part> parts, boolean readable, boolean writable, boolean fixed, long iova) {
        long length = parts.stream().mapToLong(Part::length).sum();
        long first = choose(parts.getFirst().pages(), parts.getFirst().start(), length, fixed, iova);
        long at = first;
        try {
            for (var part : parts) {
                map(part.pages(), part.start(), part.length(), readable, writable, true, at);
                at += part.length();
            }
            return first;
        } catch (HostException e) {
            if (at != first) {
                removeAll(first, at - 1);
            }
            throw e;
        }
    }

    private void insert(PageObject pages, long start, long length, boolean readable, boolean writable, long at) {
        if (writable && !pages.isWritable()) {
            throw refuse(EPERM, "the pages are not writable");
        }
        steps.pass("iommufd.ioas_map.area");
        var area = new Area(at, at + length - 1, pages, start, readable, writable);
        domains.fill(area, hugePages);
        areas.add(area);
    }

    private long choose(PageObject pages, long start, long length, boolean fixed, long iova) {
        if (length == 0) {
            throw refuse(EINVAL, "no length");
        }
        if (((length | start) & alignment - 1) != 0) {
            throw refuse(EINVAL, "length " + length + " or offset are no multiple of " + alignment);
        }
        return fixed ? places.checked(iova, length, alignment) : places.chosen(pages.address(start), length, alignment);
    }

    /// The parts of page objects that a range is mapped to.
    ///
    /// @throws HostException ENOENT if there is a hole
    public List<Part> parts(long first, long last) {
        var parts = new ArrayList<Part>();
        eachArea(first, last, area -> {
            long from = Long.compareUnsigned(area.first, first) < 0 ? first : area.first;
            long to = Long.compareUnsigned(area.last, last) > 0 ? last : area.last;
            parts.add(new Part(area.pages, area.offset(from), to - from + 1));
        });
        return parts;
    }

    /// Does something with each area of a range that is mapped without a hole.
    ///
    /// @throws HostException ENOENT if there is a hole; before anything was done
    void eachArea(long first, long last, Consumer<Area> action) {
        if (!isMapped(first, last)) {
            throw refuse(ENOENT, "a hole in " + text(first, last));
        }
        for (var area = areas.from(first);
                area != null && Long.compareUnsigned(area.first, last) <= 0;
                area = areas.after(area)) {
            action.accept(area);
        }
    }

    /// Whether a range is mapped without a hole.
    public boolean isMapped(long first, long last) {
        long need = first;
        for (var area = areas.from(first); area != null; area = areas.after(area)) {
            if (Long.compareUnsigned(area.first, need) > 0) {
                return false;
            }
            if (Long.compareUnsigned(area.last, last) >= 0) {
                return true;
            }
            need = area.last + 1;
        }
        return false;
    }

    // ---- unmapping

    /// Unmaps whole areas of a range until one comes that accesses have pinned; that one is closed to further pins, and
    /// the caller makes them let go and comes again.
    ///
    /// @return the area that is pinned; null if all is done
    /// @throws HostException ENOENT if an area would be cut, EBUSY if one is locked; what comes before is unmapped
    public @Nullable Area unmap(Unmapping unmapping) {
        while (true) {
            var area = areas.meeting(unmapping.first, unmapping.last);
            if (area == null) {
                return null;
            }
            if (Long.compareUnsigned(area.first, unmapping.first) < 0
                    || Long.compareUnsigned(area.last, unmapping.last) > 0) {
                throw refuse(ENOENT, "a part of " + area);
            }
            if (area.locks > 0) {
                throw refuse(EBUSY, "locked: " + area);
            }
            if (area.accesses > 0) {
                area.closed = true;
                return area;
            }
            remove(area);
            unmapping.bytes += area.length();
        }
    }

    /// An unmapping was given up: its area stays.
    public void reopen(Area area) {
        area.closed = false;
    }

    private void remove(Area area) {
        areas.remove(area);
        domains.empty(area);
        area.pages.lost();
    }

    private void removeAll(long first, long last) {
        for (var area = areas.meeting(first, last); area != null; area = areas.meeting(first, last)) {
            remove(area);
        }
    }

    /// Unmaps all. Nothing is pinned by an access any more.
    public void clear() {
        removeAll(0, -1);
    }

    /// Divides areas that reach out of a range where they do, as the first version of vfio's type 1 may.
    ///
    /// @throws HostException EINVAL while large pages may be in use, or if a page would be divided; EBUSY if an access
    /// has
    ///     pinned some of them; then none is divided
    public void cut(long first, long last) {
        requireCuttable(last);
        requireCuttable(first - 1);
        cutBehind(last);
        cutBehind(first - 1);
    }

    /// The area that goes on behind an address; null if none does.
    private @Nullable Area cutAt(long last) {
        var area = areas.meeting(last, last);
        return area == null || area.last == last ? null : area;
    }

    private void requireCuttable(long last) {
        var area = cutAt(last);
        if (area == null) {
            return;
        }
        if (hugePages || (last + 1 & alignment - 1) != 0) {
            throw refuse(EINVAL, "a page of " + area + " may be cut");
        }
        if (area.accesses > 0 || area.locks > 0) {
            throw refuse(EBUSY, "pinned: " + area);
        }
        steps.pass("iommufd.ioas_unmap.cut");
    }

    private void cutBehind(long last) {
        var area = cutAt(last);
        if (area == null) {
            return;
        }
        var left = area.part(area.first, last);
        var right = area.part(last + 1, area.last);
        domains.divide(area, left, right);
        area.pages.gained();
        areas.remove(area);
        areas.add(left);
        areas.add(right);
    }

    // ---- memory that its device takes back

    /// No DMA reaches the areas of a buffer any more; they stay.
    public void withdraw(Object buffer) {
        eachArea(area -> {
            if (area.pages.isOf(buffer)) {
                domains.withdraw(area);
            }
        });
    }

    /// The areas of a buffer are mapped in the domains again.
    public void putBack(Object buffer) {
        eachArea(area -> {
            if (area.pages.isOf(buffer) && area.filled) {
                domains.putBack(area, hugePages);
            }
        });
    }

    // ---- what is there

    /// How many areas there are.
    public int size() {
        return areas.size();
    }

    /// Tells of each area, from the lowest on.
    public void eachArea(Consumer<Area> action) {
        for (var area = areas.from(0); area != null; area = areas.after(area)) {
            action.accept(area);
        }
    }
}
