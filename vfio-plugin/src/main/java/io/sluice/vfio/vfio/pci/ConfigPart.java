package io.sluice.vfio.vfio.pci;

import org.jspecify.annotations.Nullable;

/// The parts of configuration space that the driver knows, and how long each is. A capability that is not here, or has
/// no length here, is taken out of the chain that the user sees.
enum ConfigPart {
    HEADER(Space.HEADER, 0, 0x40),
    POWER_MANAGEMENT(Space.CAPABILITY, 0x01, 8),
    VITAL_PRODUCT_DATA(Space.CAPABILITY, 0x03, 8),
    SLOT_ID(Space.CAPABILITY, 0x04, 4),
    MSI(Space.CAPABILITY, 0x05, 10),
    PCI_X(Space.CAPABILITY, 0x07, 24),
    VENDOR(Space.CAPABILITY, 0x09, 0),
    EXPRESS(Space.CAPABILITY, 0x10, 20),
    MSI_X(Space.CAPABILITY, 0x11, 12),
    ADVANCED_FEATURES(Space.CAPABILITY, 0x13, 6),

    ERROR_REPORTING(Space.EXTENDED, 0x01, 0x48),
    VIRTUAL_CHANNEL(Space.EXTENDED, 0x02, 0x1C),
    SERIAL_NUMBER(Space.EXTENDED, 0x03, 12),
    POWER_BUDGET(Space.EXTENDED, 0x04, 16),
    VENDOR_EXTENDED(Space.EXTENDED, 0x0B, 0),
    ACCESS_CONTROL(Space.EXTENDED, 0x0D, 8),
    ROUTING_ID(Space.EXTENDED, 0x0E, 8),
    ADDRESS_TRANSLATION(Space.EXTENDED, 0x0F, 8),
    SRIOV(Space.EXTENDED, 0x10, 64),
    MULTICAST(Space.EXTENDED, 0x12, 48),
    PAGE_REQUEST(Space.EXTENDED, 0x13, 16),
    RESIZABLE_BAR(Space.EXTENDED, 0x15, 12),
    POWER_ALLOCATION(Space.EXTENDED, 0x16, 16),
    PROCESSING_HINTS(Space.EXTENDED, 0x17, 12),
    LATENCY_TOLERANCE(Space.EXTENDED, 0x18, 8),
    DESIGNATED_VENDOR(Space.EXTENDED, 0x23, 0);

    /// Where a part is looked for.
    enum Space {
        HEADER,
        CAPABILITY,
        EXTENDED
    }

    private static final int MSI_WIDE = 1 << 7;
    private static final int MSI_MASKING = 1 << 8;
    private static final int EXPRESS_SECOND = 60;

    final Space space;
    final int id;
    private final int least;

    ConfigPart(Space space, int id, int least) {
        this.space = space;
        this.id = id;
        this.least = least;
    }

    /// The part with this id; null if the user is not to see it.
    static @Nullable ConfigPart of(Space space, int id) {
        for (var part : values()) {
            if (part.space == space && part.id == id) {
                return part;
            }
        }
        return null;
    }

    /// Bytes from `at` on, header included, as the function says.
    int length(HardwareConfig hardware, int at) {
        return switch (this) {
            case VENDOR -> Math.max(3, hardware.get(at + 2, 1));
            case VENDOR_EXTENDED, DESIGNATED_VENDOR -> Math.max(8, hardware.get(at + 4, 4) >>> 20);
            case MSI -> {
                int control = hardware.get(at + 2, 2);
                yield least + ((control & MSI_WIDE) != 0 ? 4 : 0) + ((control & MSI_MASKING) != 0 ? 10 : 0);
            }
            case EXPRESS -> (hardware.get(at + 2, 2) & 0xF) > 1 ? EXPRESS_SECOND : least;
            case HEADER,
                    POWER_MANAGEMENT,
                    VITAL_PRODUCT_DATA,
                    SLOT_ID,
                    PCI_X,
                    MSI_X,
                    ADVANCED_FEATURES,
                    ERROR_REPORTING,
                    VIRTUAL_CHANNEL,
                    SERIAL_NUMBER,
                    POWER_BUDGET,
                    ACCESS_CONTROL,
                    ROUTING_ID,
                    ADDRESS_TRANSLATION,
                    SRIOV,
                    MULTICAST,
                    PAGE_REQUEST,
                    RESIZABLE_BAR,
                    POWER_ALLOCATION,
                    PROCESSING_HINTS,
                    LATENCY_TOLERANCE -> least;
        };
    }

    /// Whether what its rows do not name goes to the function as it is.
    boolean isRaw() {
        return this == VENDOR || this == VENDOR_EXTENDED || this == DESIGNATED_VENDOR;
    }
}
