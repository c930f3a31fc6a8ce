package io.sluice.vmm.cpu.isa;

/// One resolved operand of a decoded instruction.
///
/// @param kind what it is
/// @param number register number (after REX), or 0
/// @param size bytes that the instruction reads or writes there; 0 where it has none (LEA's operand, INVLPG)
public record Operand(Kind kind, int number, int size) {
    public enum Kind {
        /// General register; `size` 1 means the low byte (SPL, BPL, SIL, DIL included).
        GPR,
        /// AH, CH, DH, BH: `number` is 0 to 3, `size` 1.
        GPR_HIGH,
        /// Memory through ModRM/SIB: segment, base, index and displacement stand in the [Insn].
        MEMORY,
        /// Memory at an absolute offset in the instruction (MOV moffs); displacement and segment in the [Insn].
        OFFSET,
        /// Immediate [Insn#imm], extended to 64 bits as the instruction says; `size` is what the operation uses of it.
        IMMEDIATE,
        /// Second immediate [Insn#imm2] (ENTER).
        IMMEDIATE2,
        /// Branch displacement, in [Insn#imm], relative to the next instruction.
        RELATIVE,
        /// Far pointer in the instruction: selector in [Insn#imm2], offset in [Insn#imm].
        FAR,
        /// The constant one (shift by 1) or another fixed number, in `number`.
        CONSTANT,
        /// What a string operation reads: [Insn#segment]:[rSI], rSI of address size.
        STRING_SOURCE,
        /// What a string operation writes or compares with: ES:[rDI], rDI of address size.
        STRING_DESTINATION,
        SEGMENT,
        CONTROL,
        DEBUG,
        MMX,
        XMM,
        /// x87 stack register ST(number).
        ST
    }
}
