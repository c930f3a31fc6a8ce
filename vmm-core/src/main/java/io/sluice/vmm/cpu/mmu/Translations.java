package io.sluice.vmm.cpu.mmu;

import io.sluice.vmm.cpu.state.CpuState;

/// What a vCPU has translated, by the rights of the access, and how it loses its validity. Entries carry the number of
/// the context that they were made in; to flush a context is to give it another number.
final class Translations {
    final Tlb[] reads = new Tlb[Mmu.RIGHTS];
    final Tlb[] writes = new Tlb[Mmu.RIGHTS];
    final DeviceTlb[] deviceReads = new DeviceTlb[Mmu.RIGHTS];
    final DeviceTlb[] deviceWrites = new DeviceTlb[Mmu.RIGHTS];
    final DeviceTlb[] fetches = new DeviceTlb[Mmu.RIGHTS];

    private final CpuState state;
    private final MmuCounters counters;
    private final MmuTrace told;
    private final Contexts contexts = new Contexts();
    private long context;
    /// Never a context's number.
    private static final long NO_CONTEXT = 0;
    /// Grows with every invalidation that leaves the context number as it was.
    private long codeGeneration;
    /// All code above the middle of the address space that was fetched since the last flush of everything is in global
    /// pages, as a kernel's is: what is cached of it holds in all contexts, and carries [#NO_CONTEXT].
    private boolean upperIsGlobal = true;
    /// Where entries have been made from one page of 2 or 4 MiB, and of 1 GiB.
    private final LinearFilter largePages = new LinearFilter(22);

    private final LinearFilter hugePages = new LinearFilter(30);
    /// Where code was fetched from since [#codeGeneration] grew.
    private final LinearFilter code = new LinearFilter(12);

    Translations(CpuState state, MmuCounters counters, MmuTrace told) {
        this.state = state;
        this.counters = counters;
        this.told = told;
        for (int i = 0; i < Mmu.RIGHTS; i++) {
            reads[i] = new Tlb();
            writes[i] = new Tlb();
            deviceReads[i] = new DeviceTlb();
            deviceWrites[i] = new DeviceTlb();
            fetches[i] = new DeviceTlb();
        }
        context = contexts.renew(0);
    }

    /// The number that entries carry now.
    long context() {
        return context;
    }

    /// The number that fetches from `linear` carry now.
    long fetchContext(long linear) {
        return linear < 0 && upperIsGlobal ? NO_CONTEXT : context;
    }

    /// See [Mmu#codeKey].
    long codeKey(long linear) {
        return codeGeneration << 22 | fetchContext(linear);
    }

    /// An entry is made from a page of this size.
    void notePage(long linear, int shift) {
        if (shift > 12) {
            (shift < 30 ? largePages : hugePages).note(linear);
        }
    }

    /// Code is fetched from here; who caches that has asked for it.
    void noteFetch(long linear) {
        code.note(linear);
    }

    /// A fetch was translated by a page that is not global.
    void noteLocalFetch(long linear) {
        if (linear < 0 && upperIsGlobal) {
            upperIsGlobal = false;
            renewCode();
        }
    }

    /// CR3 was written: `keep` is bit 63 of the value written while CR4.PCIDE is set.
    void switchContext(boolean keep) {
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
    void flushAll() {
        told.flushed("all");
        counters.contextFlushes++;
        contexts.forgetAll();
        context = newNumber(pcid());
        for (var cache : fetches) {
            // Those of global pages do not go by the context.
            cache.clear();
        }
        upperIsGlobal = true;
        renewCode();
        largePages.clear();
        hugePages.clear();
    }

    /// INVPCID type 1: all of one PCID but global pages (which are kept apart in fetches only).
    void flushPcid(int pcid) {
        told.flushedPcid(pcid);
        counters.contextFlushes++;
        if (pcid == pcid()) {
            context = newNumber(pcid);
        } else {
            contexts.forget(pcid);
        }
    }

    /// INVLPG, and INVPCID type 0: the page in every context.
    void flushPage(long linear) {
        told.flushedPage(linear);
        if (largePages.mayHold(linear) || hugePages.mayHold(linear)) {
            // It may be one of many entries made from one large page.
            flushAll();
            return;
        }
        counters.pageFlushes++;
        for (int i = 0; i < Mmu.RIGHTS; i++) {
            reads[i].drop(linear);
            writes[i].drop(linear);
            deviceReads[i].drop(linear);
            deviceWrites[i].drop(linear);
            fetches[i].drop(linear);
        }
        if (code.mayHold(linear)) {
            // Caches of decoded code are keyed by context: a new number, with this page's old entries gone.
            renewCode();
        }
    }

    /// The map of physical memory changed: nothing cached may be used any more.
    void flushForRemap() {
        told.flushed("all, for the map of physical memory changed");
        counters.remapFlushes++;
        clearCaches();
        contexts.restart();
        context = contexts.renew(pcid());
        renewCode();
    }

    private void renewCode() {
        codeGeneration++;
        code.clear();
    }

    /// Makes every further store to the RAM page at `hostPage` take the slow path, which looks at its write watch.
    void dropWritesTo(long hostPage) {
        for (var table : writes) {
            table.dropHost(hostPage);
        }
    }

    /// A page of RAM is no longer watched: its stores may take the fast path again.
    void forgetSlowWrites() {
        for (var table : deviceWrites) {
            table.clear();
        }
    }

    private int pcid() {
        return (state.cr4 & PageWalker.CR4_PCIDE) != 0 ? (int) state.cr3 & 0xFFF : 0;
    }

    private int newNumber(int pcid) {
        int number = contexts.renew(pcid);
        if (number == 0) {
            clearCaches();
            contexts.restart();
            renewCode();
            number = contexts.renew(pcid);
        }
        return number;
    }

    private void clearCaches() {
        for (int i = 0; i < Mmu.RIGHTS; i++) {
            reads[i].clear();
            writes[i].clear();
            deviceReads[i].clear();
            deviceWrites[i].clear();
            fetches[i].clear();
        }
        largePages.clear();
        hugePages.clear();
    }
}
