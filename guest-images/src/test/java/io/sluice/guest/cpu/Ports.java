package io.sluice.guest.cpu;

import io.sluice.vmm.bus.BusDevice;
import java.util.ArrayList;
import java.util.List;

/// Sixteen ports: what the guest writes is noted, and a read gives what was set. A write may set off what the test
/// wants to happen just there.
final class Ports implements BusDevice {
    static final int FIRST = 0x500;
    static final int COUNT = 16;

    final List<Long> written = new ArrayList<>();
    long value;
    Runnable onWrite = () -> {};
    int reads;

    @Override
    public long read(long offset, int size) {
        reads++;
        return value;
    }

    @Override
    public void write(long offset, int size, long value) {
        written.add(value);
        onWrite.run();
    }
}
