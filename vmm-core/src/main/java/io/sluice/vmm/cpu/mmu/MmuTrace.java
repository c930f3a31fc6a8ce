package io.sluice.vmm.cpu.mmu;

import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.trace.Item;
import io.sluice.vmm.trace.Trace;

/// What a vCPU's memory management tells (`mmu`): page walks that end in a fault, loads of CR3, invalidations. None of
/// these happens on a fast path.
final class MmuTrace {
    private static final int PRESENT = 1;
    private static final int USER = 4;
    private static final int RESERVED = 8;

    private final CpuState state;
    private final Trace trace;
    private final int cpu;

    MmuTrace(CpuState state, Trace trace, int cpu) {
        this.state = state;
        this.trace = trace;
        this.cpu = cpu;
    }

    /// @param code the error code of the page fault
    void faulted(long linear, int access, int code) {
        if (!trace.on(Item.MMU)) {
            return;
        }
        var kind = access == Access.WRITE ? "write" : access == Access.FETCH ? "fetch" : "read";
        var why = (code & PRESENT) == 0 ? "not present" : (code & RESERVED) != 0 ? "reserved bit" : "not allowed";
        trace.line(
                Item.MMU,
                String.format(
                        "mmu %d: fault at %016x: %s, %s, %s, e=%04x CR3=%016x",
                        cpu, linear, kind, (code & USER) != 0 ? "user" : "supervisor", why, code, state.cr3));
    }

    /// CR3 was loaded.
    void loaded(boolean kept) {
        if (trace.on(Item.MMU)) {
            trace.line(
                    Item.MMU, String.format("mmu %d: CR3=%016x%s", cpu, state.cr3, kept ? ", translations kept" : ""));
        }
    }

    void flushed(String what) {
        if (trace.on(Item.MMU)) {
            trace.line(Item.MMU, "mmu " + cpu + ": flush " + what);
        }
    }

    void flushedPcid(int pcid) {
        if (trace.on(Item.MMU)) {
            trace.line(Item.MMU, String.format("mmu %d: flush PCID %03x", cpu, pcid));
        }
    }

    void flushedPage(long linear) {
        if (trace.on(Item.MMU)) {
            trace.line(Item.MMU, String.format("mmu %d: flush page %016x", cpu, linear & Mmu.PAGE_MASK));
        }
    }
}
