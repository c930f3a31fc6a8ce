package io.sluice.vmm.cpu.mmu;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.bus.Mapping;
import io.sluice.vmm.bus.Route;
import io.sluice.vmm.bus.TrapMeter;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.GuestFault;
import io.sluice.vmm.memory.HostMemory;
import org.jspecify.annotations.Nullable;

/// What an access does that is not a hit in RAM: it is checked and reported, its page is walked to, what it crosses is
/// taken apart, and what is no RAM becomes a transaction.
final class SlowPath {
    /// Marks a physical page that the local device claims; it moves only with [Mmu#flushForRemap].
    private static final long LOCAL = 1;

    private static final long CR0_AM = 1L << 18;

    private final CpuState state;
    private final AddressSpace memory;
    private final Mmu.LocalDevice local;
    private final PageWalker walker;
    private final Translations known;
    private final MmuCounters counters;
    private Route route;

    /// What data accesses to report; while there are some, the tables that the fast paths look into stay empty.
    private @Nullable DataWatch watch;
    /// User mode with CR0.AM and EFLAGS.AC: unaligned data accesses are #AC, and the fast paths stay empty too.
    private boolean alignment;

    SlowPath(
            CpuState state,
            AddressSpace memory,
            Mmu.LocalDevice local,
            PageWalker walker,
            Translations known,
            MmuCounters counters) {
        this.state = state;
        this.memory = memory;
        this.local = local;
        this.walker = walker;
        this.known = known;
        this.counters = counters;
        this.route = new Route(memory);
    }

    /// Has accesses to devices counted and timed from now on; null ends it.
    void meter(@Nullable TrapMeter traps) {
        route = traps == null ? new Route(memory) : Route.metered(memory, traps);
    }

    void watchData(@Nullable DataWatch ranges) {
        watch = ranges;
    }

    /// CPL, EFLAGS.AC or CR0.AM may have changed.
    void updateAlignment() {
        alignment = state.cpl == 3 && state.flag(CpuState.AC) && (state.cr0 & CR0_AM) != 0;
    }

    /// Neither breakpoints nor alignment have to be looked at: the fast paths may be used.
    boolean isPlain() {
        return watch == null && !alignment;
    }

    /// Reports 64 bytes that are about to be written.
    void reportBurst(long linear) {
        if (watch != null) {
            watch.accessed(linear, 64, true);
        }
    }

    long translate(long linear, int access, int as) {
        if (!Mmu.isCanonical(linear)) {
            throw GuestFault.notCanonical();
        }
        counters.walks++;
        long gpa = walker.walk(linear, access, as == Mmu.USER, as == Mmu.STRICT);
        known.notePage(linear, walker.pageShift());
        return gpa;
    }

    void translateAll(long linear, int size, int access, int as) {
        boolean split = (linear & 0xFFF) + size > 0x1000;
        if (split && !Mmu.isCanonical(nextPage(linear))) {
            // Every byte must be canonical before the first is looked up.
            throw GuestFault.notCanonical();
        }
        translate(linear, access, as);
        if (split) {
            translate(nextPage(linear), access, as);
        }
    }

    /// Start of the page behind the one that holds `linear`; addresses of programs outside 64-bit mode wrap at 4 GiB.
    private long nextPage(long linear) {
        long next = (linear & Mmu.PAGE_MASK) + 0x1000;
        boolean wraps = next == 1L << 32 && !(state.inLongMode() && state.segments[1].isLong());
        return wraps ? 0 : next;
    }

    private void checkAlignment(long linear, int size, int as) {
        if (alignment && as == Mmu.USER && (linear & size - 1) != 0) {
            throw GuestFault.ac();
        }
    }

    long load(long linear, int size, int as) {
        checkAlignment(linear, size, as);
        if (watch != null) {
            watch.accessed(linear, size, false);
        }
        if ((linear & 0xFFF) + size > 0x1000) {
            return splitLoad(linear, size, as);
        }
        long slot = Tlb.slot(known.reads[as].base(), linear);
        if (Tlb.tag(slot) == ((linear & Mmu.PAGE_MASK) | known.context())) {
            return HostMemory.get(linear + Tlb.addend(slot), size);
        }
        long page = known.deviceReads[as].find(linear, known.context());
        if (page >= 0) {
            return readPhysical(page, linear, size);
        }
        counters.readMisses++;
        long gpa = translate(linear, Access.READ, as);
        if (installRead(linear, gpa, as)) {
            return HostMemory.get(linear + Tlb.addend(slot), size);
        }
        page = devicePage(gpa);
        known.deviceReads[as].put(linear, known.context(), page);
        return readPhysical(page, linear, size);
    }

    private long devicePage(long gpa) {
        long page = gpa & Mmu.PAGE_MASK;
        return local.claims(page) ? page | LOCAL : page;
    }

    /// @param page the physical page, with [#LOCAL] if it is the local device's
    private long readPhysical(long page, long linear, int size) {
        long gpa = page & Mmu.PAGE_MASK | linear & 0xFFF;
        if ((page & LOCAL) != 0) {
            counters.localReads++;
            return local.read((int) gpa & 0xFFF, size);
        }
        return route.read(gpa, size);
    }

    private long splitLoad(long linear, int size, int as) {
        translateAll(linear, size, Access.READ, as);
        int first = (int) (0x1000 - (linear & 0xFFF));
        long next = nextPage(linear);
        long value = 0;
        for (int i = 0; i < size; i++) {
            long at = i < first ? linear + i : next + (i - first);
            value |= load(at, 1, as) << 8 * i;
        }
        return value;
    }

    void store(long linear, int size, long value, int as) {
        checkAlignment(linear, size, as);
        storeUnchecked(linear, size, value, as);
    }

    void storeUnchecked(long linear, int size, long value, int as) {
        if (watch != null) {
            watch.accessed(linear, size, true);
        }
        if ((linear & 0xFFF) + size > 0x1000) {
            splitStore(linear, size, value, as);
            return;
        }
        long slot = Tlb.slot(known.writes[as].base(), linear);
        if (Tlb.tag(slot) == ((linear & Mmu.PAGE_MASK) | known.context())) {
            HostMemory.put(linear + Tlb.addend(slot), size, value);
            return;
        }
        long page = known.deviceWrites[as].find(linear, known.context());
        if (page >= 0) {
            writePhysical(page, linear, size, value);
            return;
        }
        counters.writeMisses++;
        long gpa = translate(linear, Access.WRITE, as);
        if (installWrite(linear, gpa, as)) {
            HostMemory.put(linear + Tlb.addend(slot), size, value);
            return;
        }
        page = devicePage(gpa);
        known.deviceWrites[as].put(linear, known.context(), page);
        writePhysical(page, linear, size, value);
    }

    private void writePhysical(long page, long linear, int size, long value) {
        long gpa = page & Mmu.PAGE_MASK | linear & 0xFFF;
        if ((page & LOCAL) != 0) {
            counters.localWrites++;
            local.write((int) gpa & 0xFFF, size, value);
        } else {
            route.write(gpa, size, value);
        }
    }

    private void splitStore(long linear, int size, long value, int as) {
        translateAll(linear, size, Access.WRITE, as);
        int first = (int) (0x1000 - (linear & 0xFFF));
        long next = nextPage(linear);
        for (int i = 0; i < size; i++) {
            long at = i < first ? linear + i : next + (i - first);
            store(at, 1, value >>> 8 * i & 0xFF, as);
        }
    }

    boolean installRead(long linear, long gpa, int as) {
        var ram = wholePage(gpa);
        if (ram == null) {
            return false;
        }
        known.reads[as].put(linear, known.context(), ram.host(gpa) - linear);
        return true;
    }

    boolean installWrite(long linear, long gpa, int as) {
        var ram = wholePage(gpa);
        if (ram == null || !ram.writable()) {
            return false;
        }
        int page = (int) (ram.offset() + (gpa - ram.first()) >>> 12);
        if (ram.ram().watch().isWatched(page)) {
            return false;
        }
        known.writes[as].put(linear, known.context(), ram.host(gpa) - linear);
        return true;
    }

    private Mapping.@Nullable Ram wholePage(long gpa) {
        var ram = memory.find(gpa).asRam();
        long page = gpa & Mmu.PAGE_MASK;
        if (ram == null
                || Long.compareUnsigned(ram.first(), page) > 0
                || Long.compareUnsigned(page | 0xFFF, ram.last()) > 0
                || local.claims(page)) {
            return null;
        }
        return ram;
    }
}
