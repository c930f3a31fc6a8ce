package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.state.FpuState;
import io.sluice.vmm.cpu.state.GuestFault;
import io.sluice.vmm.cpu.state.XState;

/// XRSTOR and XRSTORS (SDM volume 1, 13.8 and 13.12): everything is read and checked before a register changes.
final class XsaveRestore {
    private static final long PASID_RESERVED = ~0x800F_FFFFL;

    private XsaveRestore() {}

    static void restore(Core core, XsaveArea area, long requested, boolean supervisor) {
        area.checkLoad(XsaveArea.EXTENDED);
        long present = area.load64(XsaveArea.HEADER);
        long layout = area.load64(XsaveArea.HEADER + 8);
        long known = core.state.xcr0 | (supervisor ? core.state.msrs.xss : 0);
        boolean compacted = layout < 0;
        checkHeader(area, present, layout, known, supervisor);
        long components = requested & known;
        long load = components & present;
        long pasid = 0;
        if ((load & XState.SUPERVISOR) != 0) {
            area.checkLoad(XsaveArea.EXTENDED + XState.PASID_SIZE);
            pasid = area.load64(XsaveArea.EXTENDED);
            if ((pasid & PASID_RESERVED) != 0) {
                throw GuestFault.gp0();
            }
        }
        // The standard form loads MXCSR whether or not the SSE state is there; the compacted one only with it.
        boolean readsMxcsr = compacted ? (load & XsaveStore.SSE) != 0 : (components & XsaveStore.SSE) != 0;
        int mxcsr = readsMxcsr ? XsaveOps.checkedMxcsr(area.mxcsr()) : FpuState.MXCSR_RESET;
        apply(core, area, components, load, mxcsr, pasid);
    }

    private static void apply(Core core, XsaveArea area, long components, long load, int mxcsr, long pasid) {
        if ((components & XsaveStore.X87) != 0) {
            if ((load & XsaveStore.X87) != 0) {
                area.loadX87();
            } else {
                area.clearX87();
            }
        }
        if ((components & XsaveStore.SSE) != 0) {
            if ((load & XsaveStore.SSE) != 0) {
                area.loadXmm();
            } else {
                area.clearXmm();
            }
            core.state.fpu.mxcsr = mxcsr;
        }
        if ((components & XState.SUPERVISOR) != 0) {
            core.state.msrs.pasid = pasid;
        }
    }

    private static void checkHeader(XsaveArea area, long present, long layout, long known, boolean supervisor) {
        boolean compacted = layout < 0;
        long rest = 0;
        // The standard form knows only what a third word behind the two holds as zero; the compacted one, all six.
        for (int i = 2; i < (compacted ? XsaveArea.HEADER_WORDS : 3); i++) {
            rest |= area.load64(XsaveArea.HEADER + 8 * i);
        }
        boolean valid = rest == 0;
        if (compacted) {
            long listed = layout & ~XsaveStore.COMPACTED;
            valid &= (listed & ~known) == 0 && (present & ~listed) == 0;
        } else {
            valid &= !supervisor && layout == 0 && (present & ~known) == 0;
        }
        if (!valid) {
            throw GuestFault.gp0();
        }
    }
}
