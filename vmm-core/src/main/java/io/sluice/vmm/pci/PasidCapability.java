package io.sluice.vmm.pci;

/// The PASID capability (PCI Express Base 6.0 section 7.8.9): requests name an address space.
public final class PasidCapability extends ExtendedCapability {
    static final int ID = 0x1B;
    private static final int LENGTH = 8;
    private static final int CAPABILITY = 4;
    public static final int CONTROL = 6;
    public static final int ENABLE = 1;
    private static final int EXECUTE = 1 << 1;
    private static final int PRIVILEGED = 1 << 2;
    private static final int WIDTH_SHIFT = 8;

    private final int bits;

    /// @param bits width of a PASID, 1 to 20
    PasidCapability(PciFunctionBuilder builder, int bits, boolean execute, boolean privileged) {
        super(builder, ID, LENGTH, CONTROL);
        if (bits < 1 || bits > 20) {
            throw new IllegalArgumentException("a PASID has 1 to 20 bits: " + bits);
        }
        this.bits = bits;
        int modes = (execute ? EXECUTE : 0) | (privileged ? PRIVILEGED : 0);
        config().define(at(CAPABILITY), 2, bits << WIDTH_SHIFT | modes, 0, 0);
        config().define(at(CONTROL), 2, 0, ENABLE | modes, 0);
    }

    public int bits() {
        return bits;
    }

    /// Any thread.
    public boolean enabled() {
        return (control() & ENABLE) != 0;
    }
}
