package io.sluice.vmm.irq;

/// What a sender has to know of an APIC: its id, its mode, and its logical address. The vCPU's thread writes, any
/// thread
/// reads.
final class ApicAddress {
    private static final int SOFTWARE_ENABLE = 1 << 8;

    private final int id;
    private volatile long base;
    private volatile int logicalDestination;
    private volatile int destinationFormat;
    private volatile int spurious;

    ApicAddress(int id) {
        this.id = id;
    }

    int id() {
        return id;
    }

    /// IA32_APIC_BASE.
    long base() {
        return base;
    }

    void setBase(long value) {
        base = value;
    }

    /// What INIT leaves: the mode stays.
    void init() {
        logicalDestination = 0;
        destinationFormat = (int) ApicReg.DFR.spec().reset();
        spurious = (int) ApicReg.SVR.spec().reset();
    }

    int logicalDestination() {
        return logicalDestination;
    }

    void setLogicalDestination(int value) {
        logicalDestination = value;
    }

    int destinationFormat() {
        return destinationFormat;
    }

    void setDestinationFormat(int value) {
        destinationFormat = value;
    }

    /// The spurious vector register, which also holds the software enable bit.
    int spurious() {
        return spurious;
    }

    void setSpurious(int value) {
        spurious = value;
    }

    boolean isEnabled() {
        return (base & LocalApic.BASE_ENABLE) != 0;
    }

    boolean isSoftwareEnabled() {
        return (spurious & SOFTWARE_ENABLE) != 0;
    }

    boolean isX2() {
        return (base & LocalApic.BASE_X2APIC) != 0;
    }

    /// In x2APIC mode the logical address follows from the id: clusters of sixteen.
    int x2LogicalDestination() {
        return id >>> 4 << 16 | 1 << (id & 0xF);
    }

    /// Whether a message with this destination is for this APIC (SDM 3A 10.6.2, 10.12.10).
    boolean matches(int destination, boolean logical) {
        if (!isEnabled()) {
            return false;
        }
        if (destination == ApicBus.BROADCAST) {
            return true;
        }
        if (!logical) {
            return destination == id;
        }
        if (isX2()) {
            int ldr = x2LogicalDestination();
            return ldr >>> 16 == destination >>> 16 && (ldr & destination & 0xFFFF) != 0;
        }
        if (destination >>> 8 != 0) {
            return false;
        }
        int ldr = logicalDestination >>> 24;
        if (destinationFormat >>> 28 == 0xF) {
            return (ldr & destination) != 0;
        }
        int cluster = destination >>> 4;
        return (cluster == 0xF || cluster == ldr >>> 4) && (ldr & destination & 0xF) != 0;
    }
}
