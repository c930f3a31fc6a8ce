package io.sluice.vmm.cpu.interp;

/// Reasons, as bits, why a vCPU must look up between two blocks. Any thread sets them.
public final class Attention {
    /// The local APIC has news.
    public static final int APIC = 1;

    public static final int NMI = 1 << 1;
    public static final int INIT = 1 << 2;
    public static final int STARTUP = 1 << 3;
    /// Leave [Core#run].
    public static final int STOP = 1 << 4;
    /// The map of physical memory changed.
    public static final int REMAP = 1 << 5;
    /// Somebody else wrote to pages that hold decoded code.
    public static final int CODE = 1 << 6;
    public static final int SMI = 1 << 7;
    /// Other items of the log are on than before.
    public static final int TRACE = 1 << 8;

    private Attention() {}
}
