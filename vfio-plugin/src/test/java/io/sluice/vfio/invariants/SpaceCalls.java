package io.sluice.vfio.invariants;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.memory.AddressSpace;
import io.sluice.vfio.invariants.Calls.Open;
import io.sluice.vfio.invariants.Files.MemDoc;
import io.sluice.vfio.invariants.Files.Proc;
import io.sluice.vfio.invariants.Spaces.Area;
import io.sluice.vfio.invariants.Spaces.Bound;
import io.sluice.vfio.invariants.Spaces.Ctx;
import io.sluice.vfio.invariants.Spaces.Hwpt;
import io.sluice.vfio.invariants.Spaces.Ioas;
import io.sluice.vfio.invariants.Spaces.Mem;
import io.sluice.vfio.invariants.Spaces.Obj;
import io.sluice.vfio.iommufd.HwptAlloc;
import io.sluice.vfio.iommufd.IoasAlloc;
import io.sluice.vfio.iommufd.IoasCopy;
import io.sluice.vfio.iommufd.IoasMap;
import io.sluice.vfio.iommufd.IoasMapFile;
import io.sluice.vfio.iommufd.IoasUnmap;
import io.sluice.vfio.iommufd.IommuDestroy;
import io.sluice.vfio.iommufd.IommuVfioIoas;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Requests to an iommufd.
final class SpaceCalls {
    private static final int MOST_OBJECTS = 14;
    private static final int MOST_IDS = 16;

    private final Calls calls;

    SpaceCalls(Calls calls) {
        this.calls = calls;
    }

    private @Nullable Open<Ctx> context(Proc process, Predicate<Obj> has) {
        return calls.aim(process, Ctx.class, ctx -> ctx.has(has));
    }

    /// An id: of an object that fits, mostly; of any, or of none.
    int id(Ctx ctx, Predicate<Obj> fits) {
        if (calls.odds(24)) {
            return calls.random.nextInt(MOST_IDS);
        }
        var found = calls.aim(ctx.objects.entrySet(), entry -> fits.test(entry.getValue()));
        return found == null ? 0 : found.getKey();
    }

    static boolean isSpace(Obj object) {
        return object instanceof Ioas;
    }

    private static boolean isMapped(Obj object) {
        return object instanceof Ioas ioas && !ioas.areas.isEmpty();
    }

    // ---- objects

    void alloc(Proc process) {
        var at = calls.aim(process, Ctx.class, ctx -> !ctx.has(SpaceCalls::isSpace));
        if (at != null
                && at.doc().objects.size() < MOST_OBJECTS
                && calls.ask(Action.IOAS_ALLOC, process, at.fd(), new IoasAlloc(0), Verdict.YES)) {
            at.doc().put((int) calls.answer, new Ioas(at.doc()));
        }
    }

    void allocTable(Proc process) {
        var at =
                calls.aim(process, Ctx.class, ctx -> ctx.has(SpaceCalls::isTranslated) && ctx.has(SpaceCalls::isSpace));
        if (at == null || at.doc().objects.size() >= MOST_OBJECTS) {
            return;
        }
        var ctx = at.doc();
        int device = id(ctx, SpaceCalls::isTranslated);
        int target = id(ctx, calls.odds(2) ? SpaceCalls::isMapped : SpaceCalls::isSpace);
        boolean pasids = !calls.odds(3);
        boolean dirty = calls.odds(4);
        int flags = (pasids ? HwptAlloc.ALLOC_PASID : 0) | (dirty ? HwptAlloc.DIRTY_TRACKING : 0);
        var verdict = Judge.hwpt(ctx, device, target, dirty);
        if (calls.ask(Action.HWPT_ALLOC, process, at.fd(), HwptAlloc.plain(flags, device, target), verdict)
                && ctx.objects.get(target) instanceof Ioas ioas) {
            ctx.put((int) calls.answer, new Hwpt(ioas, false, pasids, dirty));
        }
    }

    private static boolean isTranslated(Obj object) {
        return object instanceof Bound bound && bound.node.iommu != null;
    }

    void destroy(Proc process) {
        var at = context(process, SpaceCalls::isUnused);
        if (at == null) {
            return;
        }
        int id = id(at.doc(), SpaceCalls::isUnused);
        var object = at.doc().objects.get(id);
        var verdict = Judge.destroy(at.doc(), id);
        if (calls.ask(Action.DESTROY, process, at.fd(), new IommuDestroy(id), verdict) && object != null) {
            at.doc().remove(object);
        }
    }

    private static boolean isUnused(Obj object) {
        return object instanceof Hwpt hwpt && hwpt.users == 0;
    }

    /// Which IOAS stands for a container.
    void nameCompat(Proc process) {
        var at = context(process, SpaceCalls::isSpace);
        if (at == null) {
            return;
        }
        var ctx = at.doc();
        int op = calls.random.nextInt(3);
        int id = id(ctx, SpaceCalls::isSpace);
        var named = ctx.objects.get(id) instanceof Ioas ioas ? ioas : null;
        if (!calls.ask(
                Action.VFIO_IOAS, process, at.fd(), new IommuVfioIoas(id, op), Judge.nameCompat(ctx, op, named))) {
            return;
        }
        if (op == IommuVfioIoas.GET && ctx.objects.get((int) calls.answer) != ctx.compat) {
            throw new Broken(calls.answer + " does not stand for the container");
        }
        if (op != IommuVfioIoas.GET) {
            ctx.compat = op == IommuVfioIoas.SET ? named : null;
        }
    }

    // ---- mappings

    private int rights() {
        return switch (calls.random.nextInt(6)) {
            case 0 -> IoasMap.READABLE;
            case 1 -> IoasMap.WRITEABLE;
            default -> IoasMap.READABLE | IoasMap.WRITEABLE;
        };
    }

    void map(Proc process) {
        var at = context(process, SpaceCalls::isSpace);
        var file = calls.aim(process, MemDoc.class, doc -> true);
        if (at == null || file == null) {
            return;
        }
        int pages = 1 + calls.random.nextInt(4);
        long start = calls.pages(Calls.MEMORY_PAGES - (calls.odds(20) ? 0 : pages));
        long length = Model.PAGE * pages;
        int flags = rights() | (calls.odds(6) ? 0 : IoasMap.FIXED_IOVA);
        int id = id(at.doc(), SpaceCalls::isSpace);
        long iova = calls.pages(RandomDriver.WINDOW);
        boolean fixed = (flags & IoasMap.FIXED_IOVA) != 0;
        if (calls.odds(3)) {
            mapMemory(process, at, new IoasMap(flags, id, 0, length, iova), start, file.doc().mem);
            return;
        }
        boolean inside = start + length <= Calls.MEMORY_PAGES * Model.PAGE;
        var request = new IoasMapFile(flags, id, file.fd(), start, length, iova);
        var verdict = Judge.map(at.doc(), id, fixed, iova, length, inside);
        if (calls.ask(Action.MAP_FILE, process, at.fd(), request, verdict)) {
            put(at.doc(), id, area(flags, length, file.doc().mem, start, null));
        }
    }

    /// By an address of the process: the file's memory there, or the process' own.
    private void mapMemory(Proc process, Open<Ctx> at, IoasMap wanted, long start, Mem mem) {
        long all = Calls.MEMORY_PAGES * Model.PAGE;
        long length = Math.min(wanted.length(), all - start);
        var memory = process.real.memory();
        boolean own = calls.odds(4);
        long place = own
                ? memory.map(length, true)
                : process.places.computeIfAbsent(mem, file -> memory.map(file.file(), 0, all, true, true)) + start;
        int flags = wanted.flags();
        int id = wanted.ioasId();
        boolean fixed = (flags & IoasMap.FIXED_IOVA) != 0;
        var verdict = Judge.map(at.doc(), id, fixed, wanted.iova(), length, true);
        if (calls.ask(Action.MAP, process, at.fd(), new IoasMap(flags, id, place, length, wanted.iova()), verdict)) {
            put(at.doc(), id, area(flags, length, own ? null : mem, start, memory));
        }
    }

    /// What was mapped where the answer says.
    private Area area(int flags, long length, @Nullable Mem mem, long start, @Nullable AddressSpace via) {
        boolean write = (flags & IoasMap.WRITEABLE) != 0;
        boolean read = (flags & IoasMap.READABLE) != 0;
        return new Area(calls.answer, length, read, write, write, mem, start, via);
    }

    private void put(Ctx ctx, int id, Area area) {
        if (!(ctx.objects.get(id) instanceof Ioas ioas) || ioas.meets(area.first(), area.end())) {
            throw new Broken(area + " was put where it cannot be");
        }
        ioas.areas.put(area.first(), area);
        calls.storm.likely(area);
    }

    /// Where something is mapped, mostly.
    private @Nullable Area target(Ctx ctx, int id) {
        return ctx.objects.get(id) instanceof Ioas ioas && !calls.odds(4) ? calls.any(ioas.areas.values()) : null;
    }

    void copy(Proc process) {
        var at = context(process, SpaceCalls::isMapped);
        if (at == null) {
            return;
        }
        var ctx = at.doc();
        int from = id(ctx, SpaceCalls::isMapped);
        int to = id(ctx, SpaceCalls::isSpace);
        var whole = target(ctx, from);
        long source = whole == null ? calls.pages(RandomDriver.WINDOW) : whole.first();
        long length = whole == null || calls.odds(4) ? Model.PAGE * (1 + calls.random.nextInt(3)) : whole.length();
        long target = calls.pages(RandomDriver.WINDOW);
        int rights = rights();
        boolean write = (rights & IoasMap.WRITEABLE) != 0;
        var parts = parts(ctx, from, source, length);
        var request = new IoasCopy(rights | IoasMap.FIXED_IOVA, to, from, length, target, source);
        if (calls.ask(
                Action.COPY, process, at.fd(), request, Judge.copy(ctx, from, to, parts, target, length, write))) {
            boolean read = (rights & IoasMap.READABLE) != 0;
            parts.forEach(part -> put(ctx, to, part.copied(target - source, read, write)));
        }
    }

    /// What a range is made of; nothing if there is a hole.
    private static List<Area> parts(Ctx ctx, int id, long first, long length) {
        var parts = new ArrayList<Area>();
        if (!(ctx.objects.get(id) instanceof Ioas ioas)) {
            return parts;
        }
        for (long at = first; at < first + length; ) {
            var area = ioas.at(at);
            if (area == null) {
                return List.of();
            }
            long end = Math.min(area.end(), first + length);
            parts.add(area.part(at, end));
            at = end;
        }
        return parts;
    }

    void unmap(Proc process) {
        var at = context(process, SpaceCalls::isMapped);
        if (at == null) {
            return;
        }
        int id = id(at.doc(), SpaceCalls::isMapped);
        var whole = target(at.doc(), id);
        var request = calls.odds(24)
                ? IoasUnmap.all(id)
                : whole != null
                        ? new IoasUnmap(id, whole.first(), whole.length())
                        : new IoasUnmap(
                                id, calls.pages(RandomDriver.WINDOW), Model.PAGE * (1 + calls.random.nextInt(8)));
        if (at.doc().objects.get(id) instanceof Ioas ioas) {
            unmap(process, at.fd(), ioas, request);
        } else {
            calls.ask(Action.UNMAP, process, at.fd(), request, Verdict.no(Errno.ENOENT));
        }
    }

    private void unmap(Proc process, int fd, Ioas ioas, IoasUnmap request) {
        boolean all = request.length() == -1;
        long end = all ? Long.MAX_VALUE : request.iova() + request.length();
        var met = ioas.areas.values().stream()
                .filter(area -> area.first() < end && area.end() > request.iova())
                .toList();
        boolean cut = met.stream().anyMatch(area -> area.first() < request.iova() || area.end() > end);
        var verdict = cut || met.isEmpty() && !all ? Verdict.no(Errno.ENOENT) : Verdict.YES;
        boolean done = calls.ask(Action.UNMAP, process, fd, request, verdict);
        // What lies before one that would be cut goes, though the request is refused.
        var gone = met.stream()
                .takeWhile(area -> area.first() >= request.iova() && area.end() <= end)
                .toList();
        long bytes = gone.stream().mapToLong(Area::length).sum();
        if (done && calls.answer != bytes) {
            throw new Broken(calls.answer + " bytes were unmapped, not " + bytes);
        }
        for (var area : gone) {
            calls.storm.likely(area);
            ioas.remove(area);
        }
    }
}
