package io.sluice.vmm.cpu.mmu;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.bus.Mapping;
import io.sluice.vmm.bus.Route;
import io.sluice.vmm.bus.TrapMeter;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.GuestFault;
import io.sluice.vmm.memory.HostMemory;
import io.sluice.vmm.trace.Trace;
import org.jspecify.annotations.Nullable;

/// Linear memory of one vCPU: loads and stores through a software TLB, page walks on a miss, devices behind it.
///
/// Addresses are bare longs (docs/adr/0002). Outside 64-bit mode they are zero-extended 32 bits. A miss translates,
/// checks rights and may throw [GuestFault]; nothing has been stored then.
public final class Mmu {
    public static final long PAGE_MASK = ~0xFFFL;

    /// Marks a physical page that the local device claims; it moves only with [#flushForRemap].
    private static final long LOCAL = 1;

    /// Rights of an access: user mode; supervisor that may touch user pages; supervisor under SMAP (also what
    /// implicit accesses to descriptor tables use).
    public static final int USER = 0;

    public static final int SUPERVISOR = 1;
    public static final int STRICT = 2;
    private static final int RIGHTS = 3;
    private static final long CR0_AM = 1L << 18;

    private final CpuState state;
    private final AddressSpace memory;
    private Route route;
    private final LocalDevice local;
    private final MmuTrace told;
    private final PageWalker walker;
    private final Contexts contexts = new Contexts();
    private final MmuCounters counters = new MmuCounters();

    private final Tlb[] reads = new Tlb[RIGHTS];
    private final Tlb[] writes = new Tlb[RIGHTS];
    private final DeviceTlb[] deviceReads = new DeviceTlb[RIGHTS];
    private final DeviceTlb[] deviceWrites = new DeviceTlb[RIGHTS];
    private final DeviceTlb[] fetches = new DeviceTlb[RIGHTS];

    private int rights = SUPERVISOR;
    private long[] read;
    private long[] write;
    private long context = 1;
    private boolean largePages;
    /// What data accesses to report; while there are some, the tables that the fast paths look into stay empty.
    private @Nullable DataWatch watch;
    /// User mode with CR0.AM and EFLAGS.AC: unaligned data accesses are #AC, and the fast paths stay empty too.
    private boolean alignment;

    private final long[] never = new Tlb().slots;

    /// What sits at a physical page of this vCPU alone: its local APIC.
    public interface LocalDevice {
        /// Whether the local device answers at this physical page now.
        boolean claims(long gpaPage);

        long read(int offset, int size);

        void write(int offset, int size, long value);
    }

    public Mmu(CpuState state, AddressSpace memory, LocalDevice local) {
        this(state, memory, local, Trace.none(), 0);
    }

    /// @param trace the machine's log
    /// @param cpu number of the vCPU, for the log
    public Mmu(CpuState state, AddressSpace memory, LocalDevice local, Trace trace, int cpu) {
        this.told = new MmuTrace(state, trace, cpu);
        this.state = state;
        this.memory = memory;
        this.route = new Route(memory);
        this.local = local;
        this.walker = new PageWalker(state, memory, told);
        for (int i = 0; i < RIGHTS; i++) {
            reads[i] = new Tlb();
            writes[i] = new Tlb();
            deviceReads[i] = new DeviceTlb();
            deviceWrites[i] = new DeviceTlb();
            fetches[i] = new DeviceTlb();
        }
        read = reads[rights].slots;
        write = writes[rights].slots;
        context = contexts.renew(0);
    }

    /// What has been done so far; any thread may look.
    public MmuCounters counters() {
        return counters;
    }

    /// Has accesses to devices counted and timed from now on; null ends it. On the vCPU's thread.
    public void meter(@Nullable TrapMeter traps) {
        route = traps == null ? new Route(memory) : Route.metered(memory, traps);
    }

    /// Identifies what fetches translate to, for caches of decoded code: changes whenever one may translate
    /// differently than before. Bits 21..12 are zero, for the caller's own use.
    public long codeKey() {
        return codeGeneration << 22 | context;
    }

    // ---- what the rights of an access depend on

    /// To be called after CPL, EFLAGS.AC, CR0.AM or CR4.SMAP changed.
    public void updateRights() {
        rights = rightsOf(state.cpl);
        alignment = state.cpl == 3 && state.flag(CpuState.AC) && (state.cr0 & CR0_AM) != 0;
        read = isPlain() ? reads[rights].slots : never;
        write = isPlain() ? writes[rights].slots : never;
    }

    /// Neither breakpoints nor alignment have to be looked at.
    private boolean isPlain() {
        return watch == null && !alignment;
    }

    private int rightsOf(int level) {
        if (level == 3) {
            return USER;
        }
        boolean smap = (state.cr4 & PageWalker.CR4_SMAP) != 0 && !state.flag(CpuState.AC);
        return smap ? STRICT : SUPERVISOR;
    }

    /// Reports accesses to some ranges from now on; null ends it.
    public void watchData(@Nullable DataWatch ranges) {
        watch = ranges;
        updateRights();
    }

    // ---- loads

    public int load8(long linear) {
        long[] slots = read;
        int i = (int) (linear >>> Tlb.INDEX_SHIFT) & Tlb.INDEX_MASK;
        if (slots[i] == ((linear & PAGE_MASK) | context)) {
            return HostMemory.getByte(linear + slots[i + 1]);
        }
        return (int) slowLoad(linear, 1, rights);
    }

    public int load16(long linear) {
        long[] slots = read;
        int i = (int) (linear >>> Tlb.INDEX_SHIFT) & Tlb.INDEX_MASK;
        if (slots[i] == ((linear + 1 & PAGE_MASK) | context)) {
            return HostMemory.getShort(linear + slots[i + 1]);
        }
        return (int) slowLoad(linear, 2, rights);
    }

    public int load32(long linear) {
        long[] slots = read;
        int i = (int) (linear >>> Tlb.INDEX_SHIFT) & Tlb.INDEX_MASK;
        if (slots[i] == ((linear + 3 & PAGE_MASK) | context)) {
            return HostMemory.getInt(linear + slots[i + 1]);
        }
        return (int) slowLoad(linear, 4, rights);
    }

    public long load64(long linear) {
        long[] slots = read;
        int i = (int) (linear >>> Tlb.INDEX_SHIFT) & Tlb.INDEX_MASK;
        if (slots[i] == ((linear + 7 & PAGE_MASK) | context)) {
            return HostMemory.getLong(linear + slots[i + 1]);
        }
        return slowLoad(linear, 8, rights);
    }

    // ---- stores

    public void store8(long linear, int value) {
        long[] slots = write;
        int i = (int) (linear >>> Tlb.INDEX_SHIFT) & Tlb.INDEX_MASK;
        if (slots[i] == ((linear & PAGE_MASK) | context)) {
            HostMemory.putByte(linear + slots[i + 1], value);
        } else {
            slowStore(linear, 1, value, rights);
        }
    }

    public void store16(long linear, int value) {
        long[] slots = write;
        int i = (int) (linear >>> Tlb.INDEX_SHIFT) & Tlb.INDEX_MASK;
        if (slots[i] == ((linear + 1 & PAGE_MASK) | context)) {
            HostMemory.putShort(linear + slots[i + 1], value);
        } else {
            slowStore(linear, 2, value, rights);
        }
    }

    public void store32(long linear, int value) {
        long[] slots = write;
        int i = (int) (linear >>> Tlb.INDEX_SHIFT) & Tlb.INDEX_MASK;
        if (slots[i] == ((linear + 3 & PAGE_MASK) | context)) {
            HostMemory.putInt(linear + slots[i + 1], value);
        } else {
            slowStore(linear, 4, value, rights);
        }
    }

    public void store64(long linear, long value) {
        long[] slots = write;
        int i = (int) (linear >>> Tlb.INDEX_SHIFT) & Tlb.INDEX_MASK;
        if (slots[i] == ((linear + 7 & PAGE_MASK) | context)) {
            HostMemory.putLong(linear + slots[i + 1], value);
        } else {
            slowStore(linear, 8, value, rights);
        }
    }

    // ---- implicit supervisor accesses: descriptor tables, task state, stacks of a more privileged level

    public long systemLoad(long linear, int size) {
        return slowLoad(linear, size, systemRights());
    }

    public void systemStore(long linear, int size, long value) {
        storeUnchecked(linear, size, value, systemRights());
    }

    /// Faults as a write would, before anything is written.
    public void checkSystemStore(long linear, int size) {
        translateAll(linear, size, Access.WRITE, systemRights());
    }

    // ---- explicit accesses at another privilege level: the stack of an interrupt handler or of a call gate

    public void storeAs(int level, long linear, int size, long value) {
        storeUnchecked(linear, size, value, rightsOf(level));
    }

    /// Faults as [#storeAs] would, before anything is written.
    public void checkStoreAs(int level, long linear, int size) {
        translateAll(linear, size, Access.WRITE, rightsOf(level));
    }

    private int systemRights() {
        return (state.cr4 & PageWalker.CR4_SMAP) != 0 ? STRICT : SUPERVISOR;
    }

    // ---- checks and host addresses

    public void checkLoad(long linear, int size) {
        translateAll(linear, size, Access.READ, rights);
    }

    public void checkStore(long linear, int size) {
        translateAll(linear, size, Access.WRITE, rights);
    }

    /// Host address for reading at `linear`, good up to the end of its page, or 0 if it is not plain RAM.
    public long hostForRead(long linear) {
        int i = Tlb.index(linear);
        if (read[i] == ((linear & PAGE_MASK) | context)) {
            return linear + read[i + 1];
        }
        counters.readMisses++;
        long gpa = translate(linear, Access.READ, rights);
        return isPlain() && installRead(linear, gpa, rights) ? linear + read[i + 1] : 0;
    }

    /// Host address for writing at `linear`, good up to the end of its page, or 0 if it is not plain RAM (a device,
    /// ROM, or a page that holds decoded code).
    public long hostForWrite(long linear) {
        int i = Tlb.index(linear);
        if (write[i] == ((linear & PAGE_MASK) | context)) {
            return linear + write[i + 1];
        }
        counters.writeMisses++;
        long gpa = translate(linear, Access.WRITE, rights);
        return isPlain() && installWrite(linear, gpa, rights) ? linear + write[i + 1] : 0;
    }

    /// Host address of `size` bytes for a read-modify-write that must be atomic, or 0 if they are not plain RAM in
    /// one page. Faults as a write.
    public long hostForAtomic(long linear, int size) {
        if ((linear & 0xFFF) + size > 0x1000) {
            checkStore(linear, size);
            return 0;
        }
        return hostForWrite(linear);
    }

    /// Physical address for an instruction fetch at `linear`.
    public long fetch(long linear) {
        var cache = fetches[state.cpl == 3 ? USER : SUPERVISOR];
        long gpaPage = cache.find(linear, context);
        if (gpaPage < 0) {
            counters.fetchMisses++;
            gpaPage = translate(linear, Access.FETCH, state.cpl == 3 ? USER : SUPERVISOR) & PAGE_MASK;
            cache.put(linear, context, gpaPage);
        }
        return gpaPage | linear & 0xFFF;
    }

    /// Translates as an access of kind `access` by the current program would, with all its effects.
    public long translate(long linear, int access) {
        return translate(linear, access, rights);
    }

    /// Physical address of `linear` as the tables have it, or -1 if they have none: whatever the rights, without a
    /// trace in tables or caches and without a fault.
    public long probe(long linear) {
        return tables().translate(linear);
    }

    /// The tables as they are used now, for those who look on.
    public PageTableReader tables() {
        return new PageTableReader(memory, state, walker.pdptes());
    }

    // ---- bursts of 64 bytes

    /// A 64-byte posted write to a 64-byte aligned address (MOVDIR64B).
    public void storeBurst(long linear, long[] data) {
        long gpa = translate(linear, Access.WRITE, rights);
        reportBurst(linear);
        counters.bursts++;
        memory.writeBurst(gpa, data);
    }

    /// A 64-byte deferrable write to a 64-byte aligned address (ENQCMD): whether a device accepted it.
    public boolean enqueue(long linear, long[] data) {
        long gpa = translate(linear, Access.WRITE, rights);
        reportBurst(linear);
        boolean accepted = memory.deferrableWrite(gpa, data);
        if (accepted) {
            counters.enqueuesAccepted++;
        } else {
            counters.enqueuesRetried++;
        }
        return accepted;
    }

    private void reportBurst(long linear) {
        if (watch != null) {
            watch.accessed(linear, 64, true);
        }
    }

    // ---- invalidation

    /// CR3 was written: `keep` is bit 63 of the value written while CR4.PCIDE is set.
    public void switchContext(boolean keep) {
        int pcid = pcid();
        int number = keep ? contexts.of(pcid) : 0;
        if (number == 0) {
            counters.contextFlushes++;
            number = newNumber(pcid);
        }
        context = number;
        told.loaded(keep);
    }

    /// Everything, global pages included.
    public void flushAll() {
        told.flushed("all");
        counters.contextFlushes++;
        contexts.forgetAll();
        context = newNumber(pcid());
        largePages = false;
    }

    /// INVPCID type 1: all of one PCID but global pages (which are not kept apart here).
    public void flushPcid(int pcid) {
        told.flushedPcid(pcid);
        counters.contextFlushes++;
        if (pcid == pcid()) {
            context = newNumber(pcid);
        } else {
            contexts.forget(pcid);
        }
    }

    /// INVLPG, and INVPCID type 0: the page in every context.
    public void flushPage(long linear) {
        told.flushedPage(linear);
        if (largePages) {
            // The page may be one of many entries made from one large page.
            flushAll();
            return;
        }
        counters.pageFlushes++;
        for (int i = 0; i < RIGHTS; i++) {
            reads[i].drop(linear);
            writes[i].drop(linear);
            deviceReads[i].drop(linear);
            deviceWrites[i].drop(linear);
            fetches[i].drop(linear);
        }
        // Caches of decoded code are keyed by context: a new number, with this page's old entries gone.
        codeGeneration++;
    }

    /// Grows with every invalidation that leaves the context number as it was.
    private long codeGeneration;

    /// The map of physical memory changed: nothing cached may be used any more.
    public void flushForRemap() {
        told.flushed("all, for the map of physical memory changed");
        counters.remapFlushes++;
        walker.forgetRam();
        clearCaches();
        contexts.restart();
        context = contexts.renew(pcid());
        codeGeneration++;
    }

    /// Makes every further store to the RAM page at `hostPage` take the slow path, which looks at its write watch.
    public void dropWritesTo(long hostPage) {
        for (var table : writes) {
            table.dropHost(hostPage);
        }
    }

    /// A page of RAM is no longer watched: its stores may take the fast path again.
    public void forgetSlowWrites() {
        for (var table : deviceWrites) {
            table.clear();
        }
    }

    /// PAE: the four page-directory pointers are registers, loaded by a write to CR3 (and CR0, CR4).
    /// Throws #GP(0) if one has reserved bits set; then the old ones stay.
    public void loadPdptes(long cr3) {
        walker.loadPdptes(cr3);
    }

    private int pcid() {
        return (state.cr4 & PageWalker.CR4_PCIDE) != 0 ? (int) state.cr3 & 0xFFF : 0;
    }

    private int newNumber(int pcid) {
        int number = contexts.renew(pcid);
        if (number == 0) {
            clearCaches();
            contexts.restart();
            codeGeneration++;
            number = contexts.renew(pcid);
        }
        return number;
    }

    private void clearCaches() {
        for (int i = 0; i < RIGHTS; i++) {
            reads[i].clear();
            writes[i].clear();
            deviceReads[i].clear();
            deviceWrites[i].clear();
            fetches[i].clear();
        }
        largePages = false;
    }

    // ---- the slow path

    private long translate(long linear, int access, int as) {
        if (!isCanonical(linear)) {
            throw GuestFault.notCanonical();
        }
        counters.walks++;
        long gpa = walker.walk(linear, access, as == USER, as == STRICT);
        largePages |= walker.sawLargePage();
        return gpa;
    }

    /// Whether bits 63:47 of a linear address are all equal.
    public static boolean isCanonical(long linear) {
        return linear >> 47 == linear >> 63;
    }

    private void translateAll(long linear, int size, int access, int as) {
        boolean split = (linear & 0xFFF) + size > 0x1000;
        if (split && !isCanonical(nextPage(linear))) {
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
        long next = (linear & PAGE_MASK) + 0x1000;
        boolean wraps = next == 1L << 32 && !(state.inLongMode() && state.segments[1].isLong());
        return wraps ? 0 : next;
    }

    private void checkAlignment(long linear, int size, int as) {
        if (alignment && as == USER && (linear & size - 1) != 0) {
            throw GuestFault.ac();
        }
    }

    private long slowLoad(long linear, int size, int as) {
        checkAlignment(linear, size, as);
        if (watch != null) {
            watch.accessed(linear, size, false);
        }
        if ((linear & 0xFFF) + size > 0x1000) {
            return splitLoad(linear, size, as);
        }
        long[] slots = reads[as].slots;
        int i = Tlb.index(linear);
        if (slots[i] == ((linear & PAGE_MASK) | context)) {
            return AddressSpaceAccess.readHost(linear + slots[i + 1], size);
        }
        long page = deviceReads[as].find(linear, context);
        if (page >= 0) {
            return readPhysical(page, linear, size);
        }
        counters.readMisses++;
        long gpa = translate(linear, Access.READ, as);
        if (installRead(linear, gpa, as)) {
            return AddressSpaceAccess.readHost(linear + slots[i + 1], size);
        }
        page = devicePage(gpa);
        deviceReads[as].put(linear, context, page);
        return readPhysical(page, linear, size);
    }

    private long devicePage(long gpa) {
        long page = gpa & PAGE_MASK;
        return local.claims(page) ? page | LOCAL : page;
    }

    /// @param page the physical page, with [#LOCAL] if it is the local device's
    private long readPhysical(long page, long linear, int size) {
        long gpa = page & PAGE_MASK | linear & 0xFFF;
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
            value |= slowLoad(at, 1, as) << 8 * i;
        }
        return value;
    }

    private void slowStore(long linear, int size, long value, int as) {
        checkAlignment(linear, size, as);
        storeUnchecked(linear, size, value, as);
    }

    private void storeUnchecked(long linear, int size, long value, int as) {
        if (watch != null) {
            watch.accessed(linear, size, true);
        }
        if ((linear & 0xFFF) + size > 0x1000) {
            splitStore(linear, size, value, as);
            return;
        }
        long[] slots = writes[as].slots;
        int i = Tlb.index(linear);
        if (slots[i] == ((linear & PAGE_MASK) | context)) {
            AddressSpaceAccess.writeHost(linear + slots[i + 1], size, value);
            return;
        }
        long page = deviceWrites[as].find(linear, context);
        if (page >= 0) {
            writePhysical(page, linear, size, value);
            return;
        }
        counters.writeMisses++;
        long gpa = translate(linear, Access.WRITE, as);
        if (installWrite(linear, gpa, as)) {
            AddressSpaceAccess.writeHost(linear + slots[i + 1], size, value);
            return;
        }
        page = devicePage(gpa);
        deviceWrites[as].put(linear, context, page);
        writePhysical(page, linear, size, value);
    }

    private void writePhysical(long page, long linear, int size, long value) {
        long gpa = page & PAGE_MASK | linear & 0xFFF;
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
            slowStore(at, 1, value >>> 8 * i & 0xFF, as);
        }
    }

    private boolean installRead(long linear, long gpa, int as) {
        var ram = wholePage(gpa);
        if (ram == null) {
            return false;
        }
        reads[as].put(linear, context, ram.host(gpa) - linear);
        return true;
    }

    private boolean installWrite(long linear, long gpa, int as) {
        var ram = wholePage(gpa);
        if (ram == null || !ram.writable()) {
            return false;
        }
        int page = (int) (ram.offset() + (gpa - ram.first()) >>> 12);
        if (ram.ram().watch().isWatched(page)) {
            return false;
        }
        writes[as].put(linear, context, ram.host(gpa) - linear);
        return true;
    }

    private Mapping.@Nullable Ram wholePage(long gpa) {
        var ram = memory.find(gpa).asRam();
        long page = gpa & PAGE_MASK;
        if (ram == null
                || Long.compareUnsigned(ram.first(), page) > 0
                || Long.compareUnsigned(page | 0xFFF, ram.last()) > 0
                || local.claims(page)) {
            return null;
        }
        return ram;
    }
}
