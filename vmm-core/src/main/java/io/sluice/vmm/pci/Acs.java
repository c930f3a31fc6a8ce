package io.sluice.vmm.pci;

/// Access control services (PCI Express Base 6.0 section 7.7.11): whether requests between functions go by way of the
/// root complex.
public final class Acs extends ExtendedCapability {
    public static final int SOURCE_VALIDATION = 1;
    public static final int TRANSLATION_BLOCKING = 1 << 1;
    public static final int REQUEST_REDIRECT = 1 << 2;
    public static final int COMPLETION_REDIRECT = 1 << 3;
    public static final int UPSTREAM_FORWARDING = 1 << 4;
    public static final int DIRECT_TRANSLATED = 1 << 6;
    /// What isolates a function from its peers.
    public static final int ISOLATION =
            SOURCE_VALIDATION | REQUEST_REDIRECT | COMPLETION_REDIRECT | UPSTREAM_FORWARDING;

    /// All that there is but egress control, which is not offered.
    public static final int ALL = ISOLATION | TRANSLATION_BLOCKING | DIRECT_TRANSLATED;

    static final int ID = 0x0D;
    private static final int LENGTH = 8;
    private static final int CAPABILITY = 4;
    public static final int CONTROL = 6;

    private final int offered;

    Acs(PciFunctionBuilder builder, int offered) {
        super(builder, ID, LENGTH, CONTROL);
        this.offered = offered & ALL;
        config().define(at(CAPABILITY), 2, this.offered, 0, 0);
        config().define(at(CONTROL), 2, 0, this.offered, 0);
    }

    /// What can be turned on.
    public int offered() {
        return offered;
    }

    /// Whether all of `services` are in force. What is not offered counts as wired to be on, as a function that has the
    /// capability must have what applies to it.
    public boolean enforces(int services) {
        int needed = services & offered;
        return (control() & needed) == needed;
    }
}
