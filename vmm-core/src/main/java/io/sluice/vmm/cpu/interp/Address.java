package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.state.CpuState;

/// A memory operand's address, resolved when decoded: one sum at run time, and segment work only where there is some.
final class Address {
    final int segment;
    private final int base;
    private final int index;
    private final int scale;
    private final long displacement;
    private final long mask;
    /// 64-bit mode without FS or GS: the offset is the linear address.
    private final boolean flat;

    Address(Insn insn) {
        this.segment = insn.segment;
        boolean relative = insn.ripRelative;
        this.base = relative ? CpuState.BLOCK_RIP : insn.base == Insn.NO_REGISTER ? CpuState.ZERO : insn.base;
        this.index = insn.index == Insn.NO_REGISTER ? CpuState.ZERO : insn.index;
        this.scale = insn.scale;
        this.displacement = insn.displacement + (relative ? insn.blockOffset + insn.length : 0);
        this.mask = switch (insn.addressSize) {
            case 2 -> 0xFFFFL;
            case 4 -> 0xFFFF_FFFFL;
            default -> -1L;
        };
        this.flat = insn.mode == 64 && insn.segment < Insn.FS && mask == -1L;
    }

    /// The offset in the segment.
    long offset(Core core) {
        long[] g = core.gpr;
        return g[base] + (g[index] << scale) + displacement & mask;
    }

    /// An offset within the operand, as far as the address size goes.
    long wrap(long offset) {
        return offset & mask;
    }

    /// Linear address for an access of `size` bytes; checks the segment outside 64-bit mode.
    long linear(Core core, int size, boolean write) {
        long[] g = core.gpr;
        long sum = g[base] + (g[index] << scale) + displacement;
        return flat ? sum : core.linear(segment, sum & mask, size, write);
    }
}
