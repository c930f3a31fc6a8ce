package io.sluice.vfio.host.pci;

import io.sluice.vmm.address.Iova;
import io.sluice.vmm.address.Pasid;
import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.pci.Bar;
import io.sluice.vmm.pci.LittleEndian;
import io.sluice.vmm.pci.PciFunction;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A device with 4 KiB of memory in BAR 0 and MSI-X in BAR 2, that sends what a test tells it to.
final class Card implements BusDevice {
    static final int BAR_SIZE = 4096;

    final byte[] store = new byte[BAR_SIZE];
    int resets;
    boolean closed;
    private final PciFunction function;

    Card(DeviceModel.Order order) {
        var builder = PciFunction.builder(order.name(), order.strand())
                .ids(0x1234, 0x5678)
                .classCode(0xFF0000)
                .interruptPin(1)
                .memoryBar(0, BAR_SIZE, this)
                .bar(new Bar(2, Bar.Kind.MEMORY64, true, 1 << 14, new Nothing(), false))
                .msix(4, 2, 0, 0x1000)
                .onReset(this::reset);
        order.shape().apply(builder);
        function = builder.build();
    }

    PciFunction function() {
        return function;
    }

    void close() {
        closed = true;
    }

    private void reset() {
        resets++;
        Arrays.fill(store, (byte) 0);
    }

    @Override
    public long read(long offset, int size) {
        return LittleEndian.get(store, (int) offset, size);
    }

    @Override
    public void write(long offset, int size, long value) {
        LittleEndian.put(store, (int) offset, size, value);
    }

    boolean sends(long to, int value) {
        return sends(null, to, value);
    }

    boolean sends(@Nullable Pasid pasid, long to, int value) {
        var sent = new boolean[1];
        function.strand()
                .call(() -> sent[0] = function.dma().write(pasid, new Iova(to), new byte[] {(byte) value}, 0, 1));
        return sent[0];
    }

    /// The byte at `from`; -1 if it could not be had.
    int fetches(long from) {
        var byteRead = new byte[1];
        var read = new boolean[1];
        function.strand().call(() -> read[0] = function.dma().read(new Iova(from), byteRead, 0, 1));
        return read[0] ? byteRead[0] : -1;
    }

    private static final class Nothing implements BusDevice {
        @Override
        public long read(long offset, int size) {
            return -1;
        }

        @Override
        public void write(long offset, int size, long value) {}
    }
}
