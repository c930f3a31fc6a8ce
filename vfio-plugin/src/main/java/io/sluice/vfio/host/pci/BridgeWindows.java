package io.sluice.vfio.host.pci;

import io.sluice.vfio.host.pci.BusRoom.Space;

/// Writes a bridge's bus numbers and windows (PCI Express Base 6.0 section 7.5.1.3).
final class BridgeWindows {
    private static final int PRIMARY_BUS = 0x18;
    private static final int IO_BASE = 0x1C;
    private static final int IO_LIMIT = 0x1D;
    private static final int MEMORY_BASE = 0x20;
    private static final int MEMORY_LIMIT = 0x22;
    private static final int PREFETCHABLE_BASE = 0x24;
    private static final int PREFETCHABLE_LIMIT = 0x26;
    private static final int PREFETCHABLE_BASE_UPPER = 0x28;
    private static final int PREFETCHABLE_LIMIT_UPPER = 0x2C;
    private static final int IO_BASE_UPPER = 0x30;
    private static final int IO_LIMIT_UPPER = 0x32;

    private BridgeWindows() {}

    static void number(HostFunction bridge, int primary, int secondary, int subordinate) {
        // One register: nothing ever sees a half of it.
        bridge.configWrite(PRIMARY_BUS, 2, primary | secondary << 8);
        bridge.configWrite(PRIMARY_BUS + 2, 1, subordinate);
    }

    /// Opens one window, or closes it if `last` is below `first`.
    static void open(HostFunction bridge, Space space, long first, long last) {
        boolean closed = last < first;
        switch (space) {
            case IO -> {
                set(bridge, IO_BASE, 1, closed ? 0xF0 : first >> 8);
                set(bridge, IO_BASE_UPPER, 2, closed ? 0 : first >> 16);
                set(bridge, IO_LIMIT, 1, closed ? 0 : last >> 8);
                set(bridge, IO_LIMIT_UPPER, 2, closed ? 0 : last >> 16);
            }
            case MEMORY -> {
                set(bridge, MEMORY_BASE, 2, closed ? 0xFFF0 : first >> 16);
                set(bridge, MEMORY_LIMIT, 2, closed ? 0 : last >> 16);
            }
            case PREFETCHABLE -> {
                set(bridge, PREFETCHABLE_BASE, 2, closed ? 0xFFF0 : first >> 16);
                set(bridge, PREFETCHABLE_BASE_UPPER, 4, closed ? 0 : first >> 32);
                set(bridge, PREFETCHABLE_LIMIT, 2, closed ? 0 : last >> 16);
                set(bridge, PREFETCHABLE_LIMIT_UPPER, 4, closed ? 0 : last >> 32);
            }
        }
    }

    private static void set(HostFunction bridge, int register, int size, long value) {
        bridge.configWrite(register, size, (int) value);
    }
}
