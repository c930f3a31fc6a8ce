package io.sluice.vmm.device.debugexit;

import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.device.MachinePower;

/// QEMU's isa-debug-exit: a write of v ends the machine with status v * 2 + 1. So a guest can never say 0, which is how
/// an ordinary power-off ends. Inside its strand.
public final class DebugExit implements BusDevice {
    /// Where the port lies unless the user says otherwise.
    public static final int DEFAULT_BASE = 0x501;
    /// How many ports it takes unless the user says otherwise.
    public static final int DEFAULT_LENGTH = 4;

    private final MachinePower power;

    public DebugExit(MachinePower power) {
        this.power = power;
    }

    @Override
    public long read(long offset, int size) {
        return 0;
    }

    @Override
    public void write(long offset, int size, long value) {
        int code = (int) (size >= 4 ? value : value & (1L << 8 * size) - 1);
        power.exit(code << 1 | 1);
    }
}
