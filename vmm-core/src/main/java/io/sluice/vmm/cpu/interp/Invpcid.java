package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.GuestFault;

/// INVPCID (SDM volume 2).
final class Invpcid {
    private Invpcid() {}

    static MicroOp create(Insn insn) {
        var type = Location.of(insn, 0);
        var address = new Address(insn);
        long mask = Location.mask(insn.addressSize);
        return Cold.ending((core, next) -> {
            core.requireCpl0();
            long at = address.offset(core);
            long low = core.load64(address.segment, at);
            long linear = core.load64(address.segment, at + 8 & mask);
            run(core, type.get(core), low, linear);
        });
    }

    private static void run(Core core, long type, long pcid, long linear) {
        boolean pcids = (core.state.cr4 & ControlRegisters.PCIDE) != 0;
        boolean one = type == 0 || type == 1;
        boolean bad = Long.compareUnsigned(type, 3) > 0
                || one && (pcid >>> 12 != 0 || pcid != 0 && !pcids)
                || type == 0 && linear >> 47 != linear >> 63;
        if (bad) {
            throw GuestFault.gp0();
        }
        switch ((int) type) {
            case 0 -> core.mmu.flushPage(linear);
            case 1 -> core.mmu.flushPcid((int) pcid);
            default -> core.mmu.flushAll();
        }
    }
}
