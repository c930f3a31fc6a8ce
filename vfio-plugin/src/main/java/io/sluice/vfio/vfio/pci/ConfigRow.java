package io.sluice.vfio.vfio.pci;

import static io.sluice.vfio.vfio.pci.ConfigPart.ADVANCED_FEATURES;
import static io.sluice.vfio.vfio.pci.ConfigPart.ERROR_REPORTING;
import static io.sluice.vfio.vfio.pci.ConfigPart.EXPRESS;
import static io.sluice.vfio.vfio.pci.ConfigPart.HEADER;
import static io.sluice.vfio.vfio.pci.ConfigPart.MSI;
import static io.sluice.vfio.vfio.pci.ConfigPart.PCI_X;
import static io.sluice.vfio.vfio.pci.ConfigPart.POWER_BUDGET;
import static io.sluice.vfio.vfio.pci.ConfigPart.POWER_MANAGEMENT;
import static io.sluice.vfio.vfio.pci.ConfigPart.VITAL_PRODUCT_DATA;

/// What becomes of each register of configuration space: `virtual` bits live in a shadow, the others in the function;
/// `writable` bits are the user's to write, what he writes to the others is dropped. What no row names is the
/// function's, and read-only; of vendors' capabilities it may be written too.
///
/// What a write brings about beside that is in [VirtualConfig].
enum ConfigRow {
    VENDOR_ID(HEADER, 0x00, 2, Row.ALL, Row.NONE),
    DEVICE_ID(HEADER, 0x02, 2, Row.ALL, Row.NONE),
    /// INTx disable masks the pin by other means, and memory decoding going off takes the user's mappings away.
    COMMAND(HEADER, 0x04, 2, 0x0400, Row.ALL),
    STATUS(HEADER, 0x06, 2, 0x0010, Row.NONE),
    REVISION_AND_CLASS(HEADER, 0x08, 4, Row.NONE, Row.NONE),
    CACHE_LINE_SIZE(HEADER, 0x0C, 1, Row.NONE, Row.ALL),
    LATENCY_TIMER(HEADER, 0x0D, 1, Row.NONE, Row.ALL),
    HEADER_TYPE(HEADER, 0x0E, 1, Row.NONE, Row.NONE),
    BIST(HEADER, 0x0F, 1, Row.NONE, Row.ALL),
    /// The function's own never move; sizes and kinds are as the function has them.
    BAR_0(HEADER, 0x10, 4, Row.ALL, Row.ALL),
    BAR_1(HEADER, 0x14, 4, Row.ALL, Row.ALL),
    BAR_2(HEADER, 0x18, 4, Row.ALL, Row.ALL),
    BAR_3(HEADER, 0x1C, 4, Row.ALL, Row.ALL),
    BAR_4(HEADER, 0x20, 4, Row.ALL, Row.ALL),
    BAR_5(HEADER, 0x24, 4, Row.ALL, Row.ALL),
    CARDBUS(HEADER, 0x28, 4, Row.NONE, Row.NONE),
    SUBSYSTEM(HEADER, 0x2C, 4, Row.NONE, Row.NONE),
    ROM_BAR(HEADER, 0x30, 4, Row.ALL, Row.ALL),
    /// The chain is rebuilt without what the user is not to see.
    CAPABILITIES_POINTER(HEADER, 0x34, 1, Row.ALL, Row.NONE),
    INTERRUPT_LINE(HEADER, 0x3C, 1, Row.ALL, Row.ALL),
    /// 0 without an INTx that can be used.
    INTERRUPT_PIN(HEADER, 0x3D, 1, Row.ALL, Row.NONE),
    LATENCIES(HEADER, 0x3E, 2, Row.NONE, Row.NONE),

    /// No wake-up events: their bits are hidden.
    PM_CAPABILITIES(POWER_MANAGEMENT, 0x02, 2, 0xF800, Row.NONE),
    /// The power state really changes.
    PM_CONTROL(POWER_MANAGEMENT, 0x04, 2, 0x8100, 0x7EFC),
    PM_DATA(POWER_MANAGEMENT, 0x06, 2, Row.NONE, Row.NONE),

    /// Done by the host for the user.
    VPD_ADDRESS(VITAL_PRODUCT_DATA, 0x02, 2, Row.ALL, Row.ALL),
    VPD_DATA(VITAL_PRODUCT_DATA, 0x04, 4, Row.ALL, Row.ALL),

    /// Enabling does nothing unless SET_IRQS has; no more vectors than the function has.
    MSI_CONTROL(MSI, 0x02, 2, Row.ALL, 0x0071),
    MSI_ADDRESS(MSI, 0x04, 4, Row.ALL, Row.ALL),
    MSI_ADDRESS_HIGH(MSI, 0x08, 4, Row.ALL, Row.ALL, When.WIDE),
    MSI_DATA_NARROW(MSI, 0x08, 2, Row.ALL, Row.ALL, When.NARROW),
    MSI_DATA(MSI, 0x0C, 2, Row.ALL, Row.ALL, When.WIDE),
    MSI_MASK_NARROW(MSI, 0x0C, 4, Row.NONE, Row.ALL, When.NARROW_MASKING),
    MSI_MASK(MSI, 0x10, 4, Row.NONE, Row.ALL, When.WIDE_MASKING),
    MSI_PENDING_NARROW(MSI, 0x10, 4, Row.NONE, Row.NONE, When.NARROW_MASKING),
    MSI_PENDING(MSI, 0x14, 4, Row.NONE, Row.NONE, When.WIDE_MASKING),

    PCI_X_COMMAND(PCI_X, 0x02, 2, Row.NONE, Row.ALL),
    PCI_X_ECC_CONTROL(PCI_X, 0x08, 4, Row.NONE, Row.ALL),

    /// A function level reset is the host's to do; payload size is the host's; a read request is no smaller than that.
    DEVICE_CONTROL(EXPRESS, 0x08, 2, 0xF0E0, Row.ALL),
    DEVICE_STATUS(EXPRESS, 0x0A, 2, Row.NONE, Row.NONE),
    LINK_CAPABILITIES(EXPRESS, 0x0C, 4, Row.NONE, Row.NONE),
    LINK_CONTROL(EXPRESS, 0x10, 2, Row.NONE, Row.NONE),
    LINK_STATUS(EXPRESS, 0x12, 2, Row.NONE, Row.NONE),
    /// All but ARI forwarding.
    DEVICE_CONTROL_2(EXPRESS, 0x28, 2, Row.NONE, 0xFFDF, When.SECOND),
    LINK_CONTROL_2(EXPRESS, 0x30, 2, Row.NONE, Row.NONE, When.SECOND),

    AF_CONTROL(ADVANCED_FEATURES, 0x04, 1, 0x01, 0x01),

    UNCORRECTABLE_STATUS(ERROR_REPORTING, 0x04, 4, Row.NONE, 0x03FF_F031),
    UNCORRECTABLE_MASK(ERROR_REPORTING, 0x08, 4, Row.NONE, 0x03FF_F031),
    UNCORRECTABLE_SEVERITY(ERROR_REPORTING, 0x0C, 4, Row.NONE, 0x03FF_F031),
    CORRECTABLE_STATUS(ERROR_REPORTING, 0x10, 4, Row.NONE, 0xF1C1),
    CORRECTABLE_MASK(ERROR_REPORTING, 0x14, 4, Row.NONE, 0xF1C1),
    ERROR_CONTROL(ERROR_REPORTING, 0x18, 4, Row.NONE, 0x0140),

    BUDGET_SELECTOR(POWER_BUDGET, 0x04, 1, Row.NONE, Row.ALL);

    /// For which forms of its capability a row holds.
    enum When {
        ALWAYS,
        NARROW,
        WIDE,
        NARROW_MASKING,
        WIDE_MASKING,
        /// Version 2 of the PCI Express capability.
        SECOND;

        boolean holds(int flags) {
            boolean wide = (flags & 1 << 7) != 0;
            boolean masking = (flags & 1 << 8) != 0;
            return switch (this) {
                case ALWAYS -> true;
                case NARROW -> !wide;
                case WIDE -> wide;
                case NARROW_MASKING -> !wide && masking;
                case WIDE_MASKING -> wide && masking;
                case SECOND -> (flags & 0xF) > 1;
            };
        }
    }

    private static final class Row {
        static final int ALL = -1;
        static final int NONE = 0;
    }

    final ConfigPart part;
    final int offset;
    final int size;
    final int virtual;
    final int writable;
    private final When when;

    ConfigRow(ConfigPart part, int offset, int size, int virtual, int writable) {
        this(part, offset, size, virtual, writable, When.ALWAYS);
    }

    ConfigRow(ConfigPart part, int offset, int size, int virtual, int writable, When when) {
        this.part = part;
        this.offset = offset;
        this.size = size;
        int bits = -1 >>> 32 - 8 * size;
        this.virtual = virtual & bits;
        this.writable = writable & bits;
        this.when = when;
    }

    /// Whether the row holds for a capability whose 16 bits after id and next pointer are `flags`.
    boolean holds(int flags) {
        return when.holds(flags);
    }
}
