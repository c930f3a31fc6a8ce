package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.mmu.DataWatch;
import java.util.List;

/// The four breakpoints of DR0 to DR3, as DR7 arms them (SDM volume 3, section 17.2).
final class Breakpoints {
    private static final int EXECUTE = 0;
    private static final int WRITE = 1;
    private static final int PORT = 2;
    private static final int READ_WRITE = 3;

    private Breakpoints() {}

    private static boolean armed(long dr7, int n) {
        return (dr7 >>> 2 * n & 3) != 0;
    }

    private static int kind(long dr7, int n) {
        return (int) (dr7 >>> 16 + 4 * n) & 3;
    }

    private static int length(long dr7, int n) {
        return switch ((int) (dr7 >>> 18 + 4 * n) & 3) {
            case 0 -> 1;
            case 1 -> 2;
            case 2 -> 8;
            default -> 4;
        };
    }

    /// DR6 bits of the instruction breakpoints at `linear`.
    static long instruction(Core core, long linear) {
        long hits = 0;
        for (int n = 0; n < 4; n++) {
            long dr7 = core.state.dr[7];
            if (armed(dr7, n) && kind(dr7, n) == EXECUTE && core.state.dr[n] == linear) {
                hits |= 1L << n;
            }
        }
        return hits;
    }

    /// Reports an access to a port as a trap, if CR4.DE makes R/W = 10b mean ports and one is watched.
    static void port(Core core, int port, int size) {
        if (!core.debugging || (core.state.cr4 & ControlRegisters.DE) == 0) {
            return;
        }
        long dr7 = core.state.dr[7];
        for (int n = 0; n < 4; n++) {
            int length = length(dr7, n);
            long first = core.state.dr[n] & -length;
            if (armed(dr7, n) && kind(dr7, n) == PORT && port < first + length && first < port + size) {
                core.pendingTrap |= 1L << n;
            }
        }
    }

    /// Adds the data accesses to report to `ranges`.
    static void data(Core core, List<DataWatch.Range> ranges) {
        long dr7 = core.state.dr[7];
        for (int n = 0; n < 4; n++) {
            int kind = kind(dr7, n);
            if (armed(dr7, n) && (kind == WRITE || kind == READ_WRITE)) {
                int length = length(dr7, n);
                long first = core.state.dr[n] & -length;
                long hit = 1L << n;
                ranges.add(new DataWatch.Range(
                        first, first + length - 1, kind == READ_WRITE, true, linear -> core.pendingTrap |= hit));
            }
        }
    }
}
