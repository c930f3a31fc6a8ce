package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import java.util.List;

/// What is to be translated: the hot blocks of one page, none of which overlaps another, in 64-bit mode.
///
/// @param parts the blocks, by their place in the page
public record RegionPlan(List<Part> parts) {
    /// One block.
    ///
    /// @param offset of its first instruction in the page
    /// @param steps its instructions
    public record Part(int offset, List<Step> steps) {
        /// Offset in the page behind its last instruction.
        public int end() {
            return steps.getLast().end();
        }
    }

    /// One instruction.
    ///
    /// @param offset in the page
    /// @param insn what it is
    /// @param op how the interpreter runs it, with `rip` and [io.sluice.vmm.cpu.state.CpuState#BLOCK_RIP] at the
    ///     instruction itself
    public record Step(int offset, Insn insn, MicroOp op) {
        /// Offset in the page of what follows it.
        public int end() {
            return offset + insn.length;
        }
    }

    /// Number of the part that starts at `offset` in the page, or -1.
    public int partAt(long offset) {
        for (int i = 0; i < parts.size(); i++) {
            if (parts.get(i).offset() == offset) {
                return i;
            }
        }
        return -1;
    }
}
