package io.sluice.vmm.pci;

/// The PCI Express capability (PCI Express Base 6.0 section 7.5.3), version 2, at 2.5 GT/s and one lane.
public final class PciExpress {
    static final int ID = 0x10;
    static final int LENGTH = 60;
    static final int DEVICE_CONTROL = 8;
    static final int INITIATE_RESET = 1 << 15;
    static final int DEVICE_CAPABILITIES_2 = 0x24;
    static final int DEVICE_CONTROL_2 = 0x28;
    /// In both of these registers.
    static final int ARI_FORWARDING = 1 << 5;
    static final int PREFIXES = 1 << 21;
    private static final int FUNCTION_LEVEL_RESET = 1 << 28;
    private static final int ROLE_BASED_ERRORS = 1 << 15;
    private static final int LINK = 0x11;

    /// The device/port types of the capability's register.
    public enum Type {
        ENDPOINT(0),
        ROOT_PORT(4),
        UPSTREAM_PORT(5),
        DOWNSTREAM_PORT(6),
        /// From PCI Express down to conventional PCI.
        PCI_BRIDGE(7),
        /// From conventional PCI down to PCI Express.
        EXPRESS_BRIDGE(8),
        INTEGRATED_ENDPOINT(9),
        EVENT_COLLECTOR(10);

        final int code;

        Type(int code) {
            this.code = code;
        }
    }

    private PciExpress() {}

    static void define(ConfigSpace config, int base, Type type, boolean resets) {
        config.define(base + 2, 2, 2 | type.code << 4, 0, 0);
        config.define(base + 4, 4, ROLE_BASED_ERRORS | (resets ? FUNCTION_LEVEL_RESET : 0), 0, 0);
        // Error reporting, relaxed ordering, payload and request size, extended tags, no snoop; FLR where it exists.
        config.define(base + DEVICE_CONTROL, 2, 0x2810, 0x7FFF | (resets ? INITIATE_RESET : 0), 0);
        config.define(base + 10, 2, 0, 0, 0x000F);
        if (type != Type.INTEGRATED_ENDPOINT && type != Type.EVENT_COLLECTOR) {
            config.define(base + 12, 4, LINK, 0, 0);
            config.define(base + 16, 2, 0, 0x0FF3, 0);
            config.define(base + 18, 2, LINK, 0, 0);
        } else {
            config.define(base + 12, 4, 0, 0, 0);
            config.define(base + 16, 4, 0, 0, 0);
        }
        // Completion timeout disable; ranges are not offered.
        config.define(base + 36, 4, 1 << 4, 0, 0);
        config.define(base + 40, 2, 0, 1 << 4, 0);
    }
}
