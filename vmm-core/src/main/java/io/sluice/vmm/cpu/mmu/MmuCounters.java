package io.sluice.vmm.cpu.mmu;

/// What one vCPU's [Mmu] has done since it was made. Written by the vCPU's thread alone, as plain fields; any thread
/// reads. What the fast paths do is not counted: a hit stays one compare and one add.
public final class MmuCounters {
    long readMisses;
    long writeMisses;
    long fetchMisses;
    long walks;
    long contextFlushes;
    long pageFlushes;
    long remapFlushes;
    long localReads;
    long localWrites;
    long bursts;
    long enqueuesAccepted;
    long enqueuesRetried;

    /// Loads that no cached translation served.
    public long readMisses() {
        return readMisses;
    }

    public long writeMisses() {
        return writeMisses;
    }

    public long fetchMisses() {
        return fetchMisses;
    }

    /// Page walks, those that only check rights among them.
    public long walks() {
        return walks;
    }

    /// Flushes of all translations of one or of every context.
    public long contextFlushes() {
        return contextFlushes;
    }

    /// Flushes of one page.
    public long pageFlushes() {
        return pageFlushes;
    }

    /// Flushes because the map of physical memory changed.
    public long remapFlushes() {
        return remapFlushes;
    }

    /// Reads of the local APIC's page.
    public long localReads() {
        return localReads;
    }

    public long localWrites() {
        return localWrites;
    }

    /// Posted writes of 64 bytes (MOVDIR64B).
    public long bursts() {
        return bursts;
    }

    /// Deferrable writes (ENQCMD) that a device accepted.
    public long enqueuesAccepted() {
        return enqueuesAccepted;
    }

    /// Deferrable writes that were answered with Retry.
    public long enqueuesRetried() {
        return enqueuesRetried;
    }
}
