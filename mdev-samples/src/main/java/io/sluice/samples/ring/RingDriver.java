package io.sluice.samples.ring;

import io.sluice.vfio.mdev.MdevContext;
import io.sluice.vfio.mdev.MdevDevice;
import io.sluice.vfio.mdev.MdevDriver;
import io.sluice.vfio.mdev.MdevType;
import java.util.List;
import java.util.function.Function;

/// The parent device: what is offered, and how many of it.
public final class RingDriver implements MdevDriver {
    private static final MdevType SMALL =
            new MdevType("4", "Rings for 4 clients", "4 doorbell pages, 64 keys", MdevType.VFIO_PCI, 16);
    private static final MdevType LARGE =
            new MdevType("64", "Rings for 64 clients", "64 doorbell pages, 1024 keys", MdevType.VFIO_PCI, 4);

    private final Function<MdevContext, RingMemory> memory;

    public RingDriver() {
        this(Granted::new);
    }

    /// @param memory what a device reaches
    RingDriver(Function<MdevContext, RingMemory> memory) {
        this.memory = memory;
    }

    @Override
    public String name() {
        return "ring";
    }

    @Override
    public List<MdevType> types() {
        return List.of(SMALL, LARGE);
    }

    @Override
    public MdevDevice create(MdevType type, MdevContext context) {
        int clients = type.equals(LARGE) ? 64 : 4;
        return new RingDevice(clients, context, memory.apply(context));
    }

    /// What the device's user has mapped for it. Asked for anew each time: it is not there yet when a device is made.
    private record Granted(MdevContext context) implements RingMemory {
        @Override
        public boolean read(long iova, byte[] target, int offset, int length) {
            return context.dma().read(iova, target, offset, length);
        }

        @Override
        public boolean write(long iova, byte[] source, int offset, int length) {
            return context.dma().write(iova, source, offset, length);
        }
    }
}
