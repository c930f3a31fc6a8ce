package io.sluice.vfio.testkit;

import io.sluice.vfio.host.pci.DeviceModel;
import io.sluice.vmm.address.Iova;
import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.pci.PciFunction;

/// A device that copies memory: registers for source, destination and length, a doorbell, and a status. It sends vector
/// 0 for each copy that was done whole, and nothing for one that failed; a second doorbell sends a message by itself.
public final class Copier implements BusDevice {
    public static final int SOURCE = 0x00;
    public static final int DESTINATION = 0x08;
    public static final int LENGTH = 0x10;
    public static final int COPY = 0x18;
    public static final int STATUS = 0x20;
    public static final int SEND = 0x28;
    public static final int VECTORS = 4;
    private static final int BAR = 8192;
    private static final int TABLE = 0x1000;
    private static final int PENDING = 0x1800;
    private static final int CHUNK = 4096;

    public static final int DONE = 1;
    public static final int FAILED = 2;

    private final PciFunction function;
    private final byte[] buffer = new byte[CHUNK];
    private long source;
    private long destination;
    private long length;
    private int status;

    public Copier(DeviceModel.Order order) {
        var builder = PciFunction.builder("copier", order.strand())
                .ids(0x1234, 0xC0B1)
                .subsystem(0x1234, 1)
                .classCode(0x088000)
                .interruptPin(1)
                .memoryBar(0, BAR, this)
                .powerManagement()
                .msi(VECTORS, true, true)
                .msix(VECTORS, 0, TABLE, PENDING)
                .vendorCapability(new byte[] {0x11, 0x22, 0x33, 0x44, 0x55})
                .onReset(this::reset);
        order.shape().apply(builder);
        function = builder.build();
    }

    public static DeviceModel.Made make(DeviceModel.Order order) {
        return new DeviceModel.Made(new Copier(order).function, () -> {});
    }

    private void reset() {
        source = 0;
        destination = 0;
        length = 0;
        status = 0;
    }

    @Override
    public long read(long offset, int size) {
        return switch ((int) offset) {
            case SOURCE -> source;
            case DESTINATION -> destination;
            case LENGTH -> length;
            case STATUS -> status;
            default -> 0;
        };
    }

    @Override
    public void write(long offset, int size, long value) {
        switch ((int) offset) {
            case SOURCE -> source = value;
            case DESTINATION -> destination = value;
            case LENGTH -> length = value;
            case COPY -> copy();
            case SEND -> function.message((int) value);
            default -> {}
        }
    }

    private void copy() {
        status = FAILED;
        for (long done = 0; done < length; done += CHUNK) {
            int piece = (int) Math.min(CHUNK, length - done);
            if (!function.dma().read(new Iova(source + done), buffer, 0, piece)
                    || !function.dma().write(new Iova(destination + done), buffer, 0, piece)) {
                return;
            }
        }
        status = DONE;
        function.message(0);
    }
}
