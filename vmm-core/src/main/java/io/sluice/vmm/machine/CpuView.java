package io.sluice.vmm.machine;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.cpu.Vcpu;
import io.sluice.vmm.cpu.mmu.PageTableReader;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.FpuState;
import io.sluice.vmm.irq.LocalApicState;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;

/// One vCPU as it stood between two instructions: a copy, which nobody changes. Memory is not copied: what is read
/// through this is as it is when it is read.
public final class CpuView {
    /// What the guest would read of the local APIC that is not state.
    ///
    /// @param count what the timer has left
    public record LocalApicNow(LocalApicState state, int priority, int count) {}

    /// A page that the vCPU's tables map.
    ///
    /// @param entry the lowest entry as it stands in memory
    /// @param rights [#USER] and [#WRITABLE], as all levels together grant them
    public record Page(long linear, long physical, long size, long entry, long rights) {
        public static final long WRITABLE = PageTableReader.WRITABLE;
        public static final long USER = PageTableReader.USER;
        public static final long WRITE_THROUGH = PageTableReader.WRITE_THROUGH;
        public static final long CACHE_DISABLED = PageTableReader.CACHE_DISABLED;
        public static final long ACCESSED = PageTableReader.ACCESSED;
        public static final long DIRTY = PageTableReader.DIRTY;
        public static final long LARGE = PageTableReader.LARGE;
        public static final long GLOBAL = PageTableReader.GLOBAL;
        public static final long NO_EXECUTE = PageTableReader.NO_EXECUTE;
    }

    private static final int PROCESSOR_PRIORITY = 0xA0;
    private static final int CURRENT_COUNT = 0x390;
    private static final int PAGE = 1 << 12;

    private final int id;
    private final CpuState state;
    private final boolean halted;
    private final boolean shadowed;
    private final LocalApicNow apic;
    private final AddressSpace memory;
    private final PageTableReader tables;

    /// On the vCPU's thread.
    private CpuView(Vcpu vcpu, CpuState live, AddressSpace memory) {
        this.id = vcpu.id();
        this.state = copy(live);
        this.halted = vcpu.isHalted();
        this.shadowed = vcpu.isShadowed();
        var local = vcpu.apic();
        this.apic = new LocalApicNow(local.state(), local.read(PROCESSOR_PRIORITY), local.read(CURRENT_COUNT));
        this.memory = memory;
        this.tables = vcpu.pageTables();
    }

    static CpuView of(Vcpu vcpu, AddressSpace memory) {
        var view = new AtomicReference<CpuView>();
        vcpu.inspect(live -> view.set(new CpuView(vcpu, live, memory)));
        var seen = view.get();
        if (seen == null) {
            throw new IllegalStateException("vcpu-" + vcpu.id() + " has ended and was not looked at");
        }
        return seen;
    }

    private static CpuState copy(CpuState from) {
        var to = new CpuState();
        System.arraycopy(from.gpr, 0, to.gpr, 0, to.gpr.length);
        to.rip = from.rip;
        to.setFlags(from.flags());
        for (int i = 0; i < to.segments.length; i++) {
            to.segments[i].copyFrom(from.segments[i]);
        }
        to.ldtr.copyFrom(from.ldtr);
        to.tr.copyFrom(from.tr);
        to.gdtBase = from.gdtBase;
        to.gdtLimit = from.gdtLimit;
        to.idtBase = from.idtBase;
        to.idtLimit = from.idtLimit;
        to.cr0 = from.cr0;
        to.cr2 = from.cr2;
        to.cr3 = from.cr3;
        to.cr4 = from.cr4;
        to.cr8 = from.cr8;
        System.arraycopy(from.dr, 0, to.dr, 0, to.dr.length);
        to.xcr0 = from.xcr0;
        to.efer = from.efer;
        to.cpl = from.cpl;
        copy(from.fpu, to.fpu);
        return to;
    }

    private static void copy(FpuState from, FpuState to) {
        System.arraycopy(from.significand, 0, to.significand, 0, to.significand.length);
        System.arraycopy(from.signExponent, 0, to.signExponent, 0, to.signExponent.length);
        System.arraycopy(from.xmm, 0, to.xmm, 0, to.xmm.length);
        to.fcw = from.fcw;
        to.fsw = from.fsw;
        to.ftw = from.ftw;
        to.fop = from.fop;
        to.fip = from.fip;
        to.fcs = from.fcs;
        to.fdp = from.fdp;
        to.fds = from.fds;
        to.mxcsr = from.mxcsr;
    }

    public int id() {
        return id;
    }

    /// Registers; model-specific ones, EFER apart, are not in the copy.
    public CpuState state() {
        return state;
    }

    public boolean isHalted() {
        return halted;
    }

    /// Whether the next instruction runs in an interrupt shadow.
    public boolean isShadowed() {
        return shadowed;
    }

    public LocalApicNow apic() {
        return apic;
    }

    public boolean isPaging() {
        return tables.mode() != PageTableReader.Mode.NONE;
    }

    /// Shows all pages that the vCPU's tables map, by address, while `wantsMore` says so.
    ///
    /// @return whether these were all
    public boolean pages(Predicate<Page> wantsMore) {
        return tables.visit((linear, physical, size, entry, rights) ->
                wantsMore.test(new Page(linear, physical, size, entry, rights)));
    }

    /// Physical address of a linear one, or -1 if it is not mapped.
    public long translate(long linear) {
        return tables.translate(linear);
    }

    /// Reads RAM by linear address; `false` if any of it is not mapped or not RAM.
    public boolean read(long linear, byte[] target, int length) {
        int done = 0;
        while (done < length) {
            long at = linear + done;
            int chunk = Math.min(length - done, PAGE - (int) (at & PAGE - 1));
            long physical = tables.translate(at);
            if (physical == PageTableReader.NOT_MAPPED || !memory.dmaRead(physical, target, done, chunk)) {
                return false;
            }
            done += chunk;
        }
        return true;
    }
}
