package io.sluice.vmm.device.port92;

import io.sluice.vmm.device.ByteDevice;
import io.sluice.vmm.device.MachinePower;

/// The chipset's reset control register, port 0xCF9, which lies inside the range of the PCI configuration address: a
/// byte access there is this register's. A rise of bit 2 resets; bits 1 and 3 say how hard. Inside its strand.
public final class ResetControl implements ByteDevice {
    public static final int PORT = 0xCF9;

    private static final int KEPT = 0x0E;
    private static final int SYSTEM = 0x02;
    private static final int RESET = 0x04;

    private final MachinePower power;
    private int value;

    public ResetControl(MachinePower power) {
        this.power = power;
    }

    public void reset() {
        value = 0;
    }

    @Override
    public int read(int offset) {
        return value;
    }

    @Override
    public void write(int offset, int written) {
        boolean rises = (written & ~value & RESET) != 0;
        value = written & KEPT & ~RESET;
        if (rises) {
            power.reset((written & SYSTEM) != 0 ? "port CF9h, hard" : "port CF9h, soft");
        }
    }
}
