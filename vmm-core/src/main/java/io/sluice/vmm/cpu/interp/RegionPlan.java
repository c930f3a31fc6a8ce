package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Operand;
import java.util.List;

/// What is to be translated: hot blocks, none of which overlaps another, in 64-bit mode. Offsets count from the start
/// of the page where the hottest one is; those of other pages may be negative.
///
/// @param parts the blocks, by their offsets
/// @param counted whether the region counts how often each of them runs
public record RegionPlan(List<Part> parts, boolean counted) {
    /// One block.
    ///
    /// @param offset of its first instruction
    /// @param steps its instructions
    public record Part(int offset, List<Step> steps) {
        /// Offset behind its last instruction.
        public int end() {
            return steps.getLast().end();
        }
    }

    /// One instruction.
    ///
    /// @param offset of it
    /// @param insn what it is
    /// @param op how the interpreter runs it, with `rip` and [io.sluice.vmm.cpu.state.CpuState#BLOCK_RIP] at the
    ///     instruction itself
    /// @param seen offset of where it was last seen to go, if it is an indirect jump or call; else [#NOWHERE]
    /// @param care what is known of its accesses
    public record Step(int offset, Insn insn, MicroOp op, long seen, Care care) {
        /// What accesses need that often missed the translation cache.
        public enum Care {
            NONE,
            /// It may have been for others, in the next page, whose page it was to find too: it looks for its own.
            ALONE,
            /// They are left to the interpreter.
            INTERPRETED
        }

        /// No offset.
        public static final long NOWHERE = Long.MIN_VALUE;

        /// Offset of where it goes if it jumps or calls, as far as that is known; else [#NOWHERE].
        public long target() {
            boolean relative = insn.operands.length > 0 && insn.operand(0).kind() == Operand.Kind.RELATIVE;
            return relative ? end() + insn.imm : seen;
        }

        /// Offset of what follows it.
        public int end() {
            return offset + insn.length;
        }
    }

    /// Number of the part that starts at `offset`, or -1.
    public int partAt(long offset) {
        for (int i = 0; i < parts.size(); i++) {
            if (parts.get(i).offset() == offset) {
                return i;
            }
        }
        return -1;
    }
}
