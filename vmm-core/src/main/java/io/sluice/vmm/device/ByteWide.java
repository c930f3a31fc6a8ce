package io.sluice.vmm.device;

import io.sluice.vmm.bus.BusDevice;

/// Puts a device of byte registers on a bus: a wider access becomes accesses to successive bytes, lowest first, as
/// the ISA bus does it. Bytes beyond the device read as all ones and swallow writes.
public final class ByteWide implements BusDevice {
    private final ByteDevice device;
    private final int length;

    /// @param length how many bytes the device answers
    public ByteWide(ByteDevice device, int length) {
        this.device = device;
        this.length = length;
    }

    @Override
    public long read(long offset, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            long at = offset + i;
            long octet = at >= 0 && at < length ? device.read((int) at) & 0xFF : 0xFF;
            value |= octet << 8 * i;
        }
        return value;
    }

    @Override
    public void write(long offset, int size, long value) {
        for (int i = 0; i < size; i++) {
            long at = offset + i;
            if (at >= 0 && at < length) {
                device.write((int) at, (int) (value >>> 8 * i) & 0xFF);
            }
        }
    }
}
