package io.sluice.vmm.cpu.mmu;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.bus.TrapMeter;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.memory.HostMemory;
import io.sluice.vmm.trace.Trace;
import org.jspecify.annotations.Nullable;

/// Linear memory of one vCPU: loads and stores through a software TLB, page walks on a miss, devices behind it.
///
/// Addresses are bare longs (docs/adr/0002). Outside 64-bit mode they are zero-extended 32 bits. A miss translates,
/// checks rights and may throw [GuestFault]; nothing has been stored then.
public final class Mmu {
    public static final long PAGE_MASK = ~0xFFFL;

    /// Rights of an access: user mode; supervisor that may touch user pages; supervisor under SMAP (also what
    /// implicit accesses to descriptor tables use).
    public static final int USER = 0;

    public static final int SUPERVISOR = 1;
    public static final int STRICT = 2;
    static final int RIGHTS = 3;

    private final CpuState state;
    private final AddressSpace memory;
    private final PageWalker walker;
    private final MmuCounters counters = new MmuCounters();
    private final Translations known;
    private final SlowPath slow;

    private int rights = SUPERVISOR;
    // For fast paths and for translated code, which has them written out; see [Tlb] for what the tables are. Good until
    // a system instruction.

    /// The table for reads at the present rights.
    public long readTable;
    /// The table for writes at the present rights.
    public long writeTable;
    /// What the tag of an entry has in its low twelve bits.
    public long context;
    /// For code below and above the middle of the address space.
    private long lowerKey;

    private long upperKey;

    /// Stays empty.
    private final Tlb never = new Tlb();

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
        this.state = state;
        this.memory = memory;
        var told = new MmuTrace(state, trace, cpu);
        this.walker = new PageWalker(state, memory, told);
        this.known = new Translations(state, counters, told);
        this.slow = new SlowPath(state, memory, local, walker, known, counters);
        readTable = known.reads[rights].base();
        writeTable = known.writes[rights].base();
        renewKeys();
    }

    /// What has been done so far; any thread may look.
    public MmuCounters counters() {
        return counters;
    }

    /// Has accesses to devices counted and timed from now on; null ends it. On the vCPU's thread.
    public void meter(@Nullable TrapMeter traps) {
        slow.meter(traps);
    }

    /// Identifies what fetches from `linear` and around it translate to, for caches of decoded code: changes whenever
    /// one may translate differently than before. Bits 21..12 are zero, for the caller's own use.
    public long codeKey(long linear) {
        return linear < 0 ? upperKey : lowerKey;
    }

    // ---- what the rights of an access depend on

    /// To be called after CPL, EFLAGS.AC, CR0.AM or CR4.SMAP changed.
    public void updateRights() {
        rights = rightsOf(state.cpl);
        slow.updateAlignment();
        boolean plain = slow.isPlain();
        readTable = plain ? known.reads[rights].base() : never.base();
        writeTable = plain ? known.writes[rights].base() : never.base();
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
        slow.watchData(ranges);
        updateRights();
    }

    // ---- loads

    public int load8(long linear) {
        long slot = Tlb.slot(readTable, linear);
        if (Tlb.tag(slot) == ((linear & PAGE_MASK) | context)) {
            return HostMemory.getByte(linear + Tlb.addend(slot));
        }
        return (int) slow.load(linear, 1, rights);
    }

    public int load16(long linear) {
        long slot = Tlb.slot(readTable, linear);
        if (Tlb.tag(slot) == ((linear + 1 & PAGE_MASK) | context)) {
            return HostMemory.getShort(linear + Tlb.addend(slot));
        }
        return (int) slow.load(linear, 2, rights);
    }

    public int load32(long linear) {
        long slot = Tlb.slot(readTable, linear);
        if (Tlb.tag(slot) == ((linear + 3 & PAGE_MASK) | context)) {
            return HostMemory.getInt(linear + Tlb.addend(slot));
        }
        return (int) slow.load(linear, 4, rights);
    }

    public long load64(long linear) {
        long slot = Tlb.slot(readTable, linear);
        if (Tlb.tag(slot) == ((linear + 7 & PAGE_MASK) | context)) {
            return HostMemory.getLong(linear + Tlb.addend(slot));
        }
        return slow.load(linear, 8, rights);
    }

    // ---- stores

    public void store8(long linear, int value) {
        long slot = Tlb.slot(writeTable, linear);
        if (Tlb.tag(slot) == ((linear & PAGE_MASK) | context)) {
            HostMemory.putByte(linear + Tlb.addend(slot), value);
        } else {
            slow.store(linear, 1, value, rights);
        }
    }

    public void store16(long linear, int value) {
        long slot = Tlb.slot(writeTable, linear);
        if (Tlb.tag(slot) == ((linear + 1 & PAGE_MASK) | context)) {
            HostMemory.putShort(linear + Tlb.addend(slot), value);
        } else {
            slow.store(linear, 2, value, rights);
        }
    }

    public void store32(long linear, int value) {
        long slot = Tlb.slot(writeTable, linear);
        if (Tlb.tag(slot) == ((linear + 3 & PAGE_MASK) | context)) {
            HostMemory.putInt(linear + Tlb.addend(slot), value);
        } else {
            slow.store(linear, 4, value, rights);
        }
    }

    public void store64(long linear, long value) {
        long slot = Tlb.slot(writeTable, linear);
        if (Tlb.tag(slot) == ((linear + 7 & PAGE_MASK) | context)) {
            HostMemory.putLong(linear + Tlb.addend(slot), value);
        } else {
            slow.store(linear, 8, value, rights);
        }
    }

    // ---- implicit supervisor accesses: descriptor tables, task state, stacks of a more privileged level

    public long systemLoad(long linear, int size) {
        return slow.load(linear, size, systemRights());
    }

    public void systemStore(long linear, int size, long value) {
        slow.storeUnchecked(linear, size, value, systemRights());
    }

    /// Faults as a write would, before anything is written.
    public void checkSystemStore(long linear, int size) {
        slow.translateAll(linear, size, Access.WRITE, systemRights());
    }

    // ---- explicit accesses at another privilege level: the stack of an interrupt handler or of a call gate

    public void storeAs(int level, long linear, int size, long value) {
        slow.storeUnchecked(linear, size, value, rightsOf(level));
    }

    /// Faults as [#storeAs] would, before anything is written.
    public void checkStoreAs(int level, long linear, int size) {
        slow.translateAll(linear, size, Access.WRITE, rightsOf(level));
    }

    private int systemRights() {
        return (state.cr4 & PageWalker.CR4_SMAP) != 0 ? STRICT : SUPERVISOR;
    }

    // ---- checks and host addresses

    public void checkLoad(long linear, int size) {
        slow.translateAll(linear, size, Access.READ, rights);
    }

    public void checkStore(long linear, int size) {
        slow.translateAll(linear, size, Access.WRITE, rights);
    }

    /// Host address for reading at `linear`, good up to the end of its page, or 0 if it is not plain RAM.
    public long hostForRead(long linear) {
        long slot = Tlb.slot(readTable, linear);
        if (Tlb.tag(slot) == ((linear & PAGE_MASK) | context)) {
            return linear + Tlb.addend(slot);
        }
        counters.readMisses++;
        long gpa = slow.translate(linear, Access.READ, rights);
        return slow.isPlain() && slow.installRead(linear, gpa, rights) ? linear + Tlb.addend(slot) : 0;
    }

    /// Host address for writing at `linear`, good up to the end of its page, or 0 if it is not plain RAM (a device,
    /// ROM, or a page that holds decoded code).
    public long hostForWrite(long linear) {
        long slot = Tlb.slot(writeTable, linear);
        if (Tlb.tag(slot) == ((linear & PAGE_MASK) | context)) {
            return linear + Tlb.addend(slot);
        }
        counters.writeMisses++;
        long gpa = slow.translate(linear, Access.WRITE, rights);
        return slow.isPlain() && slow.installWrite(linear, gpa, rights) ? linear + Tlb.addend(slot) : 0;
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
        int as = state.cpl == 3 ? USER : SUPERVISOR;
        var cache = known.fetches[as];
        long gpaPage = cache.find(linear, known.fetchContext(linear));
        if (gpaPage < 0) {
            counters.fetchMisses++;
            gpaPage = slow.translate(linear, Access.FETCH, as) & PAGE_MASK;
            if (!walker.sawGlobalPage()) {
                known.noteLocalFetch(linear);
                renewKeys();
            }
            cache.put(linear, known.fetchContext(linear), gpaPage);
        }
        known.noteFetch(linear);
        return gpaPage | linear & 0xFFF;
    }

    /// Translates as an access of kind `access` by the current program would, with all its effects.
    public long translate(long linear, int access) {
        return slow.translate(linear, access, rights);
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
        long gpa = slow.translate(linear, Access.WRITE, rights);
        slow.reportBurst(linear);
        counters.bursts++;
        memory.writeBurst(gpa, data);
    }

    /// A 64-byte deferrable write to a 64-byte aligned address (ENQCMD): whether a device accepted it.
    public boolean enqueue(long linear, long[] data) {
        long gpa = slow.translate(linear, Access.WRITE, rights);
        slow.reportBurst(linear);
        boolean accepted = memory.deferrableWrite(gpa, data);
        if (accepted) {
            counters.enqueuesAccepted++;
        } else {
            counters.enqueuesRetried++;
        }
        return accepted;
    }

    // ---- invalidation

    private void renewKeys() {
        context = known.context();
        lowerKey = known.codeKey(0);
        upperKey = known.codeKey(-1);
    }

    /// CR3 was written: `keep` is bit 63 of the value written while CR4.PCIDE is set.
    public void switchContext(boolean keep) {
        known.switchContext(keep);
        renewKeys();
    }

    /// Everything, global pages included.
    public void flushAll() {
        known.flushAll();
        renewKeys();
    }

    /// INVPCID type 1: all of one PCID but global pages (which are kept apart in fetches only).
    public void flushPcid(int pcid) {
        known.flushPcid(pcid);
        renewKeys();
    }

    /// INVLPG, and INVPCID type 0: the page in every context.
    public void flushPage(long linear) {
        known.flushPage(linear);
        renewKeys();
    }

    /// The map of physical memory changed: nothing cached may be used any more.
    public void flushForRemap() {
        walker.forgetRam();
        known.flushForRemap();
        renewKeys();
    }

    /// Makes every further store to the RAM page at `hostPage` take the slow path, which looks at its write watch.
    public void dropWritesTo(long hostPage) {
        known.dropWritesTo(hostPage);
    }

    /// A page of RAM is no longer watched: its stores may take the fast path again.
    public void forgetSlowWrites() {
        known.forgetSlowWrites();
    }

    /// PAE: the four page-directory pointers are registers, loaded by a write to CR3 (and CR0, CR4).
    /// Throws #GP(0) if one has reserved bits set; then the old ones stay.
    public void loadPdptes(long cr3) {
        walker.loadPdptes(cr3);
    }

    /// Whether bits 63:47 of a linear address are all equal.
    public static boolean isCanonical(long linear) {
        return linear >> 47 == linear >> 63;
    }
}
