package io.sluice.vmm.cpu.interp;

/// One decoded instruction, ready to run: operands resolved, one virtual call away.
public abstract class MicroOp {
    /// Runs it. May throw a [io.sluice.vmm.cpu.state.GuestFault]; then nothing it may not have changed has changed.
    public abstract void run(Core core);
}
