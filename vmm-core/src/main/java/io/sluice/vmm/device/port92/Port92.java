package io.sluice.vmm.device.port92;

import io.sluice.vmm.device.A20Gate;
import io.sluice.vmm.device.ByteDevice;
import io.sluice.vmm.device.MachinePower;

/// System control port A: bit 0 rising resets the processor, bit 1 opens the A20 gate. Inside its strand.
public final class Port92 implements ByteDevice {
    /// The port's place and its length.
    public static final int BASE = 0x92;

    public static final int LENGTH = 1;

    private static final int RESET = 0x01;
    private static final int A20 = 0x02;

    private final MachinePower power;
    private final A20Gate a20;
    private int value;

    public Port92(MachinePower power, A20Gate a20) {
        this.power = power;
        this.a20 = a20;
    }

    public void reset() {
        value = 0;
    }

    @Override
    public int read(int offset) {
        return value | (a20.isOpen() ? A20 : 0);
    }

    @Override
    public void write(int offset, int written) {
        boolean rises = (written & ~value & RESET) != 0;
        value = written & ~A20;
        a20.set((written & A20) != 0);
        if (rises) {
            power.reset("port 92h");
        }
    }
}
