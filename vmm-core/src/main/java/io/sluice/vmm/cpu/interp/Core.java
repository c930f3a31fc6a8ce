package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.CpuState;

/// What a micro-op works on: one vCPU's registers and its memory as the program sees it.
///
/// Loads and stores take a segment number and an effective address (offset), check limits, canonical form, paging and
/// alignment, and throw a [io.sluice.vmm.cpu.state.GuestFault] before anything changed.
public final class Core {
    public final CpuState state = new CpuState();

    /// Effective address (offset in its segment) of the memory operand, truncated to the address size.
    public long effectiveAddress(Insn insn) {
        throw new IllegalStateException();
    }

    public int load8(int segment, long offset) {
        throw new IllegalStateException();
    }

    public int load16(int segment, long offset) {
        throw new IllegalStateException();
    }

    public int load32(int segment, long offset) {
        throw new IllegalStateException();
    }

    public long load64(int segment, long offset) {
        throw new IllegalStateException();
    }

    public void store8(int segment, long offset, int value) {
        throw new IllegalStateException();
    }

    public void store16(int segment, long offset, int value) {
        throw new IllegalStateException();
    }

    public void store32(int segment, long offset, int value) {
        throw new IllegalStateException();
    }

    public void store64(int segment, long offset, long value) {
        throw new IllegalStateException();
    }

    /// Checks that `size` bytes can be written (so that a store in parts cannot fault half-way).
    public void checkStore(int segment, long offset, int size) {
        throw new IllegalStateException();
    }

    /// Checks that `size` bytes can be read.
    public void checkLoad(int segment, long offset, int size) {
        throw new IllegalStateException();
    }

    /// Linear address; for the alignment rule of 16-byte SSE operands (#GP(0) if not aligned).
    public long linear(int segment, long offset) {
        throw new IllegalStateException();
    }
}
