package io.sluice.vmm.cpu.mmu;

/// Kinds of access as ints, for the hot path.
public final class Access {
    public static final int READ = 0;
    public static final int WRITE = 1;
    public static final int FETCH = 2;

    private Access() {}
}
