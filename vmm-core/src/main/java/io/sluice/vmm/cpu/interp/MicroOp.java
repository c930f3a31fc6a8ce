package io.sluice.vmm.cpu.interp;

/// One decoded instruction, ready to run: operands resolved, one virtual call away.
public abstract class MicroOp {
    /// Bytes from the start of the block to this instruction, and to the next.
    int start;

    int next;
    /// Segment of the memory operand is SS: a non-canonical address is #SS, not #GP.
    boolean stackSegment;

    /// Whether an address of its operand that is not canonical is one of the stack segment.
    public boolean usesStackSegment() {
        return stackSegment;
    }

    /// Runs it. May throw a [io.sluice.vmm.cpu.state.GuestFault]; then nothing it may not have changed has changed.
    /// Only an operation that ends a block sets `rip`.
    public abstract void run(Core core);

    /// Whether a block ends here, because `rip`, the mode, or what interrupts are allowed may change.
    public boolean endsBlock() {
        return false;
    }
}
