package io.sluice.vmm.device.debugcon;

import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.device.ByteDevice;
import io.sluice.vmm.device.ByteSink;
import io.sluice.vmm.device.ByteWide;

/// The debug console of Bochs and QEMU: a write is a character, and a read says that it is there. Inside its strand.
public final class DebugCon implements ByteDevice {
    /// Where the port lies unless the user says otherwise.
    public static final int DEFAULT_BASE = 0xE9;

    private static final int PRESENT = 0xE9;

    private final ByteSink sink;

    public DebugCon(ByteSink sink) {
        this.sink = sink;
    }

    public BusDevice port() {
        return new ByteWide(this, 1);
    }

    @Override
    public int read(int offset) {
        return PRESENT;
    }

    @Override
    public void write(int offset, int value) {
        sink.write((byte) value);
    }
}
