package io.sluice.vfio.vfio.pci;

import io.sluice.vmm.bus.BusDevice;

/// What the mappings of one BAR lead to: the function's own, as long as its user may reach it. While it is shut reads
/// are all ones and writes are dropped. On the function's strand, so that whoever shuts it knows that nobody is behind.
final class MappedBar implements BusDevice {
    private final BusDevice device;
    private boolean open;

    /// @param device what answers while the function sits on its bus and decodes the BAR
    MappedBar(BusDevice device) {
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
