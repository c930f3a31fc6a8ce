package io.sluice.vmm.cpu.interp;

/// What one vCPU's [Interpreter] has done since it was made. Written by the vCPU's thread alone, as plain fields; any
/// thread reads. Nothing here is in the path of a block that is found and runs through.
public final class InterpreterCounters {
    /// Exception vectors of the architecture.
    public static final int EXCEPTIONS = 32;

    /// Priority classes of external interrupts: the upper four bits of the vector.
    public static final int CLASSES = 16;

    final long[] exceptions = new long[EXCEPTIONS];
    final long[] interrupts = new long[CLASSES];
    long nmis;
    long halts;
    long stops;
    long shutdowns;
    long windows;
    long lookUps;
    long blocksBuilt;
    long blocksOverwritten;
    long cacheFlushes;
    public long blocks;
    long regionsBuilt;
    long translatedInstructions;

    /// Exceptions that instructions raised, double faults among them, by vector.
    public long exceptions(int vector) {
        return exceptions[vector];
    }

    /// External interrupts that were delivered, by the class of their vector.
    public long interrupts(int priorityClass) {
        return interrupts[priorityClass];
    }

    /// Non-maskable interrupts that were delivered.
    public long nmis() {
        return nmis;
    }

    /// Times that the vCPU went to sleep in HLT.
    public long halts() {
        return halts;
    }

    /// Times that somebody outside stopped the vCPU for a command.
    public long stops() {
        return stops;
    }

    /// Triple faults.
    public long shutdowns() {
        return shutdowns;
    }

    /// Interrupts that were announced while the guest held them back.
    public long windows() {
        return windows;
    }

    /// Looks around between two blocks.
    public long lookUps() {
        return lookUps;
    }

    /// Blocks that were decoded.
    public long blocksBuilt() {
        return blocksBuilt;
    }

    /// Blocks that were dropped because their bytes were written to.
    public long blocksOverwritten() {
        return blocksOverwritten;
    }

    /// Regions that were translated.
    public long regionsBuilt() {
        return regionsBuilt;
    }

    /// Instructions that ran in translated code.
    public long translatedInstructions() {
        return translatedInstructions;
    }

    /// Times that all blocks were dropped.
    public long cacheFlushes() {
        return cacheFlushes;
    }
}
