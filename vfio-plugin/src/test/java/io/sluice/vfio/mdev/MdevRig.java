package io.sluice.vfio.mdev;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.iommu.DeviceTraits;
import io.sluice.vfio.host.iommu.IommuDevice;
import io.sluice.vfio.host.iommu.IommuGroup;
import io.sluice.vfio.host.iommu.IommuUnit;
import io.sluice.vfio.host.iommu.UnitSettings;
import io.sluice.vfio.host.memory.MemFile;
import io.sluice.vfio.host.process.Kernel;
import io.sluice.vfio.host.process.MemFileHandle;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.iommufd.IoasAlloc;
import io.sluice.vfio.iommufd.IoasMap;
import io.sluice.vfio.iommufd.IoasMapFile;
import io.sluice.vfio.iommufd.IommuNode;
import io.sluice.vfio.vfio.DeviceRequests.AttachIommufdPt;
import io.sluice.vfio.vfio.DeviceRequests.BindIommufd;
import io.sluice.vfio.vfio.IommufdBinder;
import io.sluice.vfio.vfio.VfioHost;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vfio.vfio.VfioRegion;
import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.testkit.DirectLoop;
import io.sluice.vmm.trace.Trace;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;

/// A host with `/dev/iommu`, vfio and an mdev bus, and a driver whose instances do DMA as a test says. When it is
/// closed
/// nothing may be pinned.
final class MdevRig implements AutoCloseable {
    static final long PAGE = 4096;
    static final int RW = IoasMap.FIXED_IOVA | IoasMap.READABLE | IoasMap.WRITEABLE;

    final Steps steps = new Steps();
    final Kernel kernel = new Kernel(steps, Trace.none());
    final IommuNode node = new IommuNode(kernel);
    final IommuUnit unit = new IommuUnit(UnitSettings.vtd("dmar0"), kernel.frames(), steps);
    final VfioHost host = new VfioHost(kernel, new IommufdBinder());
    final MdevBus bus = new MdevBus(host);
    final DirectLoop loop = new DirectLoop();
    final Driver driver = new Driver();

    MdevRig() {
        bus.register(driver);
    }

    /// A process with an iommufd, an IOAS and a file of memory.
    final class Vm implements AutoCloseable {
        final Process process = kernel.start("vmm", 1000, Set.of(), 1 << 24);
        final int iommufd = process.open("/dev/iommu");
        final int ioas = process.ioctl(iommufd, new IoasAlloc(0));
        final MemFile memory = MemFile.create(kernel.frames(), 64 * PAGE);
        final int memfd = process.install(new MemFileHandle(memory));

        void map(long iova, long start, long length) {
            process.ioctl(iommufd, new IoasMapFile(RW, ioas, memfd, start, length, iova));
        }

        int open(MdevInstance instance) {
            int fd = process.open(instance.node().path());
            process.ioctl(fd, new BindIommufd(iommufd));
            return fd;
        }

        int openAttached(MdevInstance instance) {
            int fd = open(instance);
            process.ioctl(fd, new AttachIommufdPt(ioas));
            return fd;
        }

        byte at(long offset) {
            var one = new byte[1];
            memory.read(offset, one, 0, 1);
            return one[0];
        }

        @Override
        public void close() {
            process.exit();
            memory.release();
        }
    }

    /// Types: `pinned` has no requester id, `function` has one of its own, `queue` has one that all of the type share.
    final class Driver implements MdevDriver {
        final List<Device> made = new ArrayList<>();
        private final IommuDevice shared = newDevice(64);
        private int functions;

        @Override
        public String name() {
            return "dma";
        }

        @Override
        public List<MdevType> types() {
            return List.of(type("pinned"), type("function"), type("queue"));
        }

        private MdevType type(String name) {
            return new MdevType(name, name, "", MdevType.VFIO_PCI, 4);
        }

        @Override
        public MdevDevice create(MdevType type, MdevContext context) {
            var device = switch (type.name()) {
                case "function" -> new Device(context, newDevice(++functions), true);
                case "queue" -> new Device(context, shared, false);
                default -> new Device(context, null, true);
            };
            made.add(device);
            return device;
        }
    }

    private IommuDevice newDevice(int number) {
        var traits = new DeviceTraits(20, true, false, false, true, List.of());
        return unit.add(Bdf.of(1, number & 31, number >> 5), List.of(), new IommuGroup(100 + number), traits);
    }

    static final class Device implements MdevDevice {
        final MdevContext context;
        final @Nullable IommuDevice iommu;
        final boolean whole;
        final List<String> told = new ArrayList<>();

        Device(MdevContext context, @Nullable IommuDevice iommu, boolean whole) {
            this.context = context;
            this.iommu = iommu;
            this.whole = whole;
        }

        MdevDma dma() {
            return context.dma();
        }

        @Override
        public @Nullable IommuDevice iommu() {
            return iommu;
        }

        @Override
        public boolean takesRequester() {
            return whole;
        }

        @Override
        public List<VfioRegion> regions() {
            var all = new ArrayList<VfioRegion>();
            for (int i = 0; i < VfioRegion.PCI_REGIONS; i++) {
                all.add(i == VfioRegion.CONFIG ? VfioRegion.trapped(256) : VfioRegion.absent());
            }
            return all;
        }

        @Override
        public int vectors(VfioIrq irq) {
            return irq == VfioIrq.MSI || irq == VfioIrq.REQ ? 1 : 0;
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
        public void attached(int pasid) {
            told.add("attached " + pasid);
        }

        @Override
        public void detached(int pasid) {
            told.add("detached " + pasid);
        }

        @Override
        public void close() {
            told.add("closed");
        }
    }

    MdevInstance create(String type) {
        return bus.create("dma-" + type, UUID.randomUUID().toString(), loop::strand);
    }

    MdevInstance create(String type, Strand strand) {
        return bus.create("dma-" + type, UUID.randomUUID().toString(), () -> strand);
    }

    Device last() {
        return driver.made.getLast();
    }

    static void refused(Errno errno, ThrowingCallable call) {
        var refused = catchThrowableOfType(HostException.class, call);
        assertThat(refused).as("refused with " + errno).isNotNull();
        assertThat(refused.errno()).isEqualTo(errno);
    }

    @Override
    public void close() {
        kernel.processes().forEach(Process::exit);
        assertThat(kernel.frames().pinned()).as("bytes that are still pinned").isZero();
        kernel.close();
    }
}
