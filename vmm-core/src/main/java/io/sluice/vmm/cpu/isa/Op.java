package io.sluice.vmm.cpu.isa;

/// Operations of the instruction set: Intel's mnemonics.
public enum Op {
    INVALID
}
