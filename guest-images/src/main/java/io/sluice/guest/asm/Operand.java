package io.sluice.guest.asm;

/// What an instruction works on: a register or memory.
public sealed interface Operand permits Reg, Mem {}
