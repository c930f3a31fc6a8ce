package io.sluice.vfio.vfio.pci;

import io.sluice.vmm.pci.PciFunction;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;

/// The function's own configuration space, as the host's kernel reaches it. On the function's strand.
final class HardwareConfig {
    static final int CONVENTIONAL = 256;
    static final int EXTENDED = 4096;
    static final int COMMAND = 0x04;
    static final int STATUS = 0x06;
    static final int FIRST_BAR = 0x10;
    static final int INTERRUPT_PIN = 0x3D;
    static final int IO = 1;
    static final int MEMORY = 1 << 1;
    static final int MASTER = 1 << 2;
    static final int INTX_DISABLE = 1 << 10;
    static final int INTX_STATUS = 1 << 3;
    private static final int HAS_CAPABILITIES = 1 << 4;
    private static final int FIRST_CAPABILITY = 0x40;

    private final PciFunction function;

    /// A capability of the function, known or not.
    record Capability(ConfigPart.Space space, int id, int at) {}

    HardwareConfig(PciFunction function) {
        this.function = function;
    }

    /// Zero-extended for 1 and 2 bytes.
    int get(int offset, int size) {
        return function.configRead(offset, size) & -1 >>> 32 - 8 * size;
    }

    void set(int offset, int size, int value) {
        function.configWrite(offset, size, value & -1 >>> 32 - 8 * size);
    }

    int command() {
        return get(COMMAND, 2);
    }

    /// Sets and clears bits of the command register.
    void command(int clear, int set) {
        int before = command();
        int after = before & ~clear | set;
        if (after != before) {
            set(COMMAND, 2, after);
        }
    }

    /// The capabilities in their order, then the extended ones. A chain that loops or leaves its place ends.
    List<Capability> capabilities() {
        var found = new ArrayList<Capability>();
        var seen = new HashSet<Integer>();
        int at = (get(STATUS, 2) & HAS_CAPABILITIES) == 0 ? 0 : get(0x34, 1) & 0xFC;
        while (at >= FIRST_CAPABILITY && seen.add(at)) {
            found.add(new Capability(ConfigPart.Space.CAPABILITY, get(at, 1), at));
            at = get(at + 1, 1) & 0xFC;
        }
        if (find(found, ConfigPart.EXPRESS) == 0) {
            return found;
        }
        for (at = CONVENTIONAL; at >= CONVENTIONAL && seen.add(at); ) {
            int header = get(at, 4);
            if (header == 0 || header == -1) {
                break;
            }
            found.add(new Capability(ConfigPart.Space.EXTENDED, header & 0xFFFF, at));
            at = header >>> 20 & 0xFFC;
        }
        return found;
    }

    /// Where the function has this capability; 0 if it has none.
    int find(ConfigPart part) {
        return find(capabilities(), part);
    }

    private static int find(List<Capability> all, ConfigPart part) {
        for (var capability : all) {
            if (capability.space == part.space && capability.id == part.id) {
                return capability.at;
            }
        }
        return 0;
    }
}
