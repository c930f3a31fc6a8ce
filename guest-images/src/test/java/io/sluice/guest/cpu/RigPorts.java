package io.sluice.guest.cpu;

import io.sluice.vmm.cpu.interp.CpuPorts;
import io.sluice.vmm.cpu.interp.InterruptController;
import io.sluice.vmm.loop.MachineClock;

/// What the vCPU of a [Rig] sees of its surroundings.
record RigPorts(InterruptController interrupts, MachineClock clock) implements CpuPorts {
    @Override
    public long nanos() {
        return clock.nanos();
    }

    @Override
    public void ferr(boolean asserted) {}

    @Override
    public int id() {
        return 0;
    }

    @Override
    public int count() {
        return 1;
    }
}
