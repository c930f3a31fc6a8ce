package io.sluice.vfio.host.pci;

import java.util.HashSet;

/// Finds capabilities in a function's configuration space.
final class Capabilities {
    static final int EXPRESS = 0x10;
    static final int MSIX = 0x11;
    private static final int POINTER = 0x34;
    private static final int STATUS = 0x06;
    private static final int HAS_LIST = 1 << 4;

    private Capabilities() {}

    /// The offset of a capability; 0 if the function has none.
    static int find(HostFunction function, int id) {
        if ((function.configRead(STATUS, 2) & HAS_LIST) == 0) {
            return 0;
        }
        var seen = new HashSet<Integer>();
        int at = function.configRead(POINTER, 1) & 0xFC;
        while (at >= 0x40 && seen.add(at)) {
            if (function.configRead(at, 1) == id) {
                return at;
            }
            at = function.configRead(at + 1, 1) & 0xFC;
        }
        return 0;
    }
}
