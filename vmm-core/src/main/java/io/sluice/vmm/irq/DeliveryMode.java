package io.sluice.vmm.irq;

/// How an interrupt message is delivered: bits 10..8 of an ICR, a redirection entry or MSI data (SDM 3A 10.6.1).
public enum DeliveryMode {
    FIXED,
    LOWEST_PRIORITY,
    SMI,
    RESERVED,
    NMI,
    INIT,
    STARTUP,
    EXT_INT;

    private static final DeliveryMode[] BY_BITS = values();

    /// From a register whose bits 10..8 are the mode.
    public static DeliveryMode of(int register) {
        return BY_BITS[register >>> 8 & 7];
    }
}
