package io.sluice.vfio.testkit;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.mdev.MdevContext;
import io.sluice.vfio.mdev.MdevDevice;
import io.sluice.vfio.mdev.MdevDriver;
import io.sluice.vfio.mdev.MdevType;
import io.sluice.vfio.vfio.DmaBuf;
import io.sluice.vfio.vfio.DmaLogOps;
import io.sluice.vfio.vfio.MigrationOps;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vfio.vfio.VfioMemory;
import io.sluice.vfio.vfio.VfioRegion;
import io.sluice.vmm.memory.GuestRam;
import java.util.ArrayList;
import java.util.List;

/// Mediated devices that can do all that vfio can ask of one, and do nothing by themselves: they are moved, note what
/// they write, export a picture, pin.
public final class SweepDriver implements MdevDriver, AutoCloseable {
    /// The last instance's way to what it has of its host.
    public final List<MdevContext> contexts = new ArrayList<>();

    private final GuestRam picture = GuestRam.allocate(4096);

    @Override
    public String name() {
        return "sweep";
    }

    @Override
    public List<MdevType> types() {
        return List.of(new MdevType("1", "Sweep", "", MdevType.VFIO_PCI, 8));
    }

    @Override
    public MdevDevice create(MdevType type, MdevContext context) {
        contexts.add(context);
        return new Device(context);
    }

    @Override
    public void close() {
        picture.close();
    }

    private final class Device implements MdevDevice, MigrationOps {
        private final MdevContext context;

        Device(MdevContext context) {
            this.context = context;
        }

        @Override
        public List<VfioRegion> regions() {
            var all = new ArrayList<VfioRegion>();
            for (int i = 0; i < VfioRegion.PCI_REGIONS; i++) {
                all.add(i == 0 || i == VfioRegion.CONFIG ? VfioRegion.trapped(256) : VfioRegion.absent());
            }
            return all;
        }

        @Override
        public int vectors(VfioIrq irq) {
            return irq == VfioIrq.MSI ? 4 : irq == VfioIrq.INTX || irq == VfioIrq.REQ ? 1 : 0;
        }

        @Override
        public long read(int region, long offset, int size) {
            return 0;
        }

        @Override
        public void write(int region, long offset, int size, long value) {}

        @Override
        public void reset() {}

        @Override
        public void close() {}

        @Override
        public DmaLogOps dmaLog() {
            return context.dirtyPages();
        }

        @Override
        public MigrationOps migration() {
            return this;
        }

        @Override
        public DmaBuf getGfxDmaBuf(int id) {
            if (id != 1) {
                throw new HostException(Errno.ENOENT, "picture " + id);
            }
            return new DmaBuf(new VfioMemory(picture, 0, 4096));
        }

        @Override
        public int flags() {
            return STOP_COPY | P2P | PRE_COPY;
        }

        @Override
        public long stopCopyLength() {
            return 8;
        }

        @Override
        public byte[] stopCopy(boolean rest) {
            return new byte[8];
        }

        @Override
        public Loader loader() {
            return new Loader() {
                @Override
                public void write(byte[] source, int offset, int length) {}

                @Override
                public void finish() {}
            };
        }
    }
}
