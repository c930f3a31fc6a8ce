package io.sluice.vmm.pci;

import io.sluice.vmm.bus.BusDevice;

/// What a BAR's addresses lead to: the device, as long as its function sits on a bus and decodes the BAR. A requester
/// that found the BAR just before it went comes to a closed gate. On the function's strand.
final class BarGate implements BusDevice {
    private final BusDevice device;
    private boolean open;

    BarGate(BusDevice device) {
        this.device = device;
    }

    void set(boolean opened) {
        open = opened;
    }

    @Override
    public long read(long offset, int size) {
        return open ? device.read(offset, size) : -1;
    }

    @Override
    public void write(long offset, int size, long value) {
        if (open) {
            device.write(offset, size, value);
        }
    }

    @Override
    public boolean startsWork(long offset) {
        return device.startsWork(offset);
    }

    @Override
    public void writeBurst(long offset, long[] data) {
        if (open) {
            device.writeBurst(offset, data);
        }
    }

    @Override
    public boolean deferrableWrite(long offset, long[] data) {
        return open && device.deferrableWrite(offset, data);
    }
}
