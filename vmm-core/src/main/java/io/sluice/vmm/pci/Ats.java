package io.sluice.vmm.pci;

/// Address translation services (PCI Express Base 6.0 section 10.5.1): the function keeps translations of its own.
public final class Ats extends ExtendedCapability {
    static final int ID = 0x0F;
    private static final int LENGTH = 8;
    private static final int CAPABILITY = 4;
    public static final int CONTROL = 6;
    public static final int ENABLE = 1 << 15;
    private static final int SMALLEST_UNIT = 0x1F;
    private static final int PAGE_ALIGNED = 1 << 5;

    private final int queueDepth;

    /// @param queueDepth invalidations that it takes at once, 1 to 32
    Ats(PciFunctionBuilder builder, int queueDepth) {
        super(builder, ID, LENGTH, CONTROL);
        if (queueDepth < 1 || queueDepth > 32) {
            throw new IllegalArgumentException("an invalidation queue has 1 to 32 entries: " + queueDepth);
        }
        this.queueDepth = queueDepth;
        config().define(at(CAPABILITY), 2, queueDepth & 0x1F | PAGE_ALIGNED, 0, 0);
        config().define(at(CONTROL), 2, 0, ENABLE | SMALLEST_UNIT, 0);
    }

    public int queueDepth() {
        return queueDepth;
    }

    /// Any thread.
    public boolean enabled() {
        return (control() & ENABLE) != 0;
    }
}
