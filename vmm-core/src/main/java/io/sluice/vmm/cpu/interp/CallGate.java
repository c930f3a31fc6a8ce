package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.state.GuestFault;

/// A call gate that the program may use.
///
/// @param size of what it pushes: 2, 4 or 8
record CallGate(int selector, long offset, int parameters, int size) {
    static CallGate read(Core core, int selector, long gate) {
        int dpl = Descriptors.dpl(gate);
        if (dpl < core.state.cpl || dpl < (selector & 3)) {
            throw GuestFault.gp(selector & 0xFFFC);
        }
        long upper = 0;
        if (core.state.inLongMode()) {
            upper = Descriptors.readUpper(core, selector, GuestFault.GP);
            if ((upper >>> 40 & 0x1F) != 0) {
                throw GuestFault.gp(selector & 0xFFFC);
            }
        }
        if (!Descriptors.isPresent(gate)) {
            throw new GuestFault(GuestFault.NP, selector & 0xFFFC);
        }
        int target = Descriptors.gateSelector(gate);
        if (Descriptors.isNull(target)) {
            throw GuestFault.gp0();
        }
        int parameters = (int) (gate >>> 32) & 0x1F;
        if (core.state.inLongMode()) {
            return new CallGate(target, Descriptors.gateOffset32(gate) | upper << 32, 0, 8);
        }
        boolean wide = Descriptors.type(gate) == Descriptors.TYPE_CALL_GATE;
        long offset = wide ? Descriptors.gateOffset32(gate) : gate & 0xFFFF;
        return new CallGate(target, offset, parameters, wide ? 4 : 2);
    }
}
