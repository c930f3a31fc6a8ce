package io.sluice.vfio;

import static io.sluice.vfio.testkit.SweepWorld.IOVA;
import static io.sluice.vfio.testkit.SweepWorld.PAGE;

import io.sluice.vfio.enqcmd.VmFile;
import io.sluice.vfio.enqcmd.VmPasids;
import io.sluice.vfio.host.pci.HostFunction;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.iommufd.AccessOps;
import io.sluice.vfio.iommufd.HwptAlloc;
import io.sluice.vfio.iommufd.IoasMap;
import io.sluice.vfio.iommufd.Iommufd;
import io.sluice.vfio.iommufd.IommufdAccess;
import io.sluice.vfio.iommufd.IommufdDevice;
import io.sluice.vfio.iommufd.MockViommu;
import io.sluice.vfio.iommufd.ViommuAlloc;
import io.sluice.vfio.mdev.MdevBus;
import io.sluice.vfio.mdev.MdevDma;
import io.sluice.vfio.mdev.MdevPin;
import io.sluice.vfio.mdev.MdevSysfs;
import io.sluice.vfio.testkit.BellDriver;
import io.sluice.vfio.testkit.FrameDevice;
import io.sluice.vfio.testkit.SweepWorld;
import io.sluice.vfio.vfio.DeviceSet;
import io.sluice.vfio.vfio.VfioHost;
import io.sluice.vmm.address.Pasid;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;

/// What is no request to a file and changes something all the same: calls of drivers, of software devices, of the mdev
/// bus, of processes. And those of the same classes that only look.
final class CallSweeps {
    /// Classes whose public methods are all of them swept, or only look.
    static final List<Class<?>> CLASSES = List.of(
            MdevBus.class,
            MdevSysfs.class,
            MdevDma.class,
            MdevPin.class,
            IommufdAccess.class,
            IommufdDevice.class,
            Iommufd.class,
            VmPasids.class,
            VfioHost.class,
            Process.class);

    private static final String UUID = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";

    private CallSweeps() {}

    /// @param call the class and the method
    /// @param steps some of those that it has to pass; none if it has to pass none at all
    record Sweep(String call, String what, List<String> steps, Function<SweepWorld, Runnable> prepared) {
        @Override
        public String toString() {
            return call + " " + what;
        }
    }

    private static Sweep of(String call, Function<SweepWorld, Runnable> prepared, String... steps) {
        return new Sweep(call, "", List.of(steps), prepared);
    }

    /// Looks, says who is told, moves bytes, or hands on to what is swept as a request.
    static final Set<String> READ_ONLY = Set.of(
            "MdevBus.host",
            "MdevBus.parents",
            "MdevBus.types",
            "MdevBus.find",
            "MdevBus.instances",
            "MdevBus.onChange",
            "MdevBus.trace",
            "MdevSysfs.read",
            "MdevDma.isAllowed",
            "MdevDma.allowed",
            "MdevDma.refused",
            "MdevDma.read", // answers false where a request would be refused
            "MdevDma.write",
            "MdevPin.iova",
            "MdevPin.length",
            "MdevPin.isAlive",
            "MdevPin.read",
            "MdevPin.write",
            "IommufdAccess.id",
            "IommufdAccess.context",
            "IommufdAccess.attachedTo",
            "IommufdAccess.pinCount",
            "IommufdAccess.read",
            "IommufdDevice.id",
            "IommufdDevice.context",
            "IommufdDevice.iommu",
            "IommufdDevice.attachedTo",
            "IommufdDevice.toString",
            "Iommufd.requests",
            "Iommufd.objectCount",
            "Iommufd.toString",
            "Iommufd.takeAccessed",
            "VmPasids.find",
            "VmPasids.size",
            "VfioHost.kernel",
            "VfioHost.find",
            "VfioHost.nodes",
            "Process.kernel",
            "Process.pid",
            "Process.name",
            "Process.user",
            "Process.has",
            "Process.memlockLimit",
            "Process.memory",
            "Process.pasids",
            "Process.file",
            "Process.hold",
            "Process.descriptors",
            "Process.ioctl",
            "Process.read",
            "Process.write",
            "Process.hasEnded",
            "Process.toString");

    static final List<Sweep> ALL = List.of(
            // the mdev bus
            of("MdevBus.register", w -> () -> w.mdevs.register(new BellDriver()), "mdev.register.parent"),
            of("MdevBus.unregister", w -> {
                w.instance();
                return () -> w.mdevs.unregister("sweep");
            }),
            of(
                    "MdevBus.create",
                    w -> () -> w.mdevs.create("sweep-1", UUID, w.loop::strand),
                    "mdev.create.instance",
                    "vfio.register.node"),
            of("MdevBus.remove", w -> {
                var instance = w.instance();
                return () -> w.mdevs.remove(instance.uuid());
            }),
            of(
                    "MdevSysfs.write",
                    w -> {
                        var files = new MdevSysfs(w.mdevs, w.loop::strand);
                        return () -> files.write(
                                MdevSysfs.PARENTS + "sweep/mdev_supported_types/sweep-1/create", UUID + "\n");
                    },
                    "mdev.create.instance"),
            of(
                    "MdevDma.pin",
                    w -> {
                        var dma = dma(w);
                        return () -> dma.pin(IOVA, 4 * PAGE, true);
                    },
                    "iommufd.access.pinned_range",
                    "iommufd.access.pin",
                    "iommufd.pages.charge"),
            of("MdevPin.close", w -> {
                var pin = dma(w).pin(IOVA, 4 * PAGE, true);
                return pin::close;
            }),
            // software devices
            of(
                    "IommufdAccess.create",
                    w -> {
                        var context = context(w);
                        return () -> IommufdAccess.create(context, new Pinner());
                    },
                    "iommufd.object.id",
                    "iommufd.access.object"),
            of(
                    "IommufdAccess.attach",
                    w -> {
                        var access = new Access(w);
                        return () -> access.access.attach(access.ioas);
                    },
                    "iommufd.access.attach"),
            of(
                    "IommufdAccess.attachCompat",
                    w -> {
                        var access = new Access(w);
                        access.access.context().compatIoas();
                        return () -> access.access.attachCompat();
                    },
                    "iommufd.access.attach"),
            of(
                    "IommufdAccess.replace",
                    w -> {
                        var access = new Access(w).attached();
                        int other = w.ioas(access.iommufd);
                        access.pin();
                        return () -> access.access.replace(other);
                    },
                    "iommufd.access.attach"),
            of("IommufdAccess.detach", w -> {
                var access = new Access(w).attached();
                access.pin();
                return access.access::detach;
            }),
            of("IommufdAccess.destroy", w -> {
                var access = new Access(w).attached();
                access.pin();
                w.isClosed();
                return access.access::destroy;
            }),
            of(
                    "IommufdAccess.pin",
                    w -> {
                        var access = new Access(w).attached();
                        return access::pin;
                    },
                    "iommufd.access.pinned_range",
                    "iommufd.access.pin",
                    "iommufd.pages.charge"),
            of("IommufdAccess.unpin", w -> {
                var access = new Access(w).attached();
                var range = access.access.pin(IOVA, PAGE, true);
                return () -> access.access.unpin(range);
            }),
            of("IommufdAccess.unpinAll", w -> {
                var access = new Access(w).attached();
                access.pin();
                return () -> access.access.unpinAll(0, -1);
            }),
            of(
                    "IommufdAccess.write",
                    w -> {
                        var access = new Access(w);
                        long memory = w.process.memory().map(4 * PAGE, true);
                        w.ask(access.iommufd, new IoasMap(SweepWorld.RW, access.ioas, memory, 4 * PAGE, 2 * IOVA));
                        access.access.attach(access.ioas);
                        return () -> access.access.write(2 * IOVA, new byte[5000], 0, 5000);
                    },
                    "memory.page"),
            // devices, as their drivers have them
            of(
                    "IommufdDevice.bind",
                    w -> {
                        var context = context(w);
                        var iommu = function(w).iommu();
                        return () -> IommufdDevice.bind(context, iommu);
                    },
                    "iommu.claim.blocking",
                    "iommufd.bind.object"),
            of(
                    "IommufdDevice.attach",
                    w -> {
                        var device = new Device(w);
                        return () -> device.device.attach(0, device.ioas);
                    },
                    "iommufd.hwpt.object",
                    "iommu.set.entry",
                    "iommufd.attach.entry"),
            of(
                    "IommufdDevice.attachCompat",
                    w -> {
                        var device = new Device(w);
                        device.device.context().compatIoas();
                        return () -> device.device.attachCompat();
                    },
                    "iommufd.hwpt.object",
                    "iommu.set.entry",
                    "iommufd.attach.entry"),
            of(
                    "IommufdDevice.replace",
                    w -> {
                        var device = new Device(w);
                        device.device.attach(0, device.ioas);
                        int other = w.ioas(device.iommufd);
                        return () -> device.device.replace(0, other);
                    },
                    "iommu.set.entry",
                    "iommufd.replace.entry"),
            of("IommufdDevice.detach", w -> {
                var device = new Device(w);
                device.device.attach(0, device.ioas);
                return () -> device.device.detach(0);
            }),
            of("IommufdDevice.unbind", w -> {
                var device = new Device(w);
                w.isClosed();
                return device.device::unbind;
            }),
            // an iommufd, as vfio has it
            of(
                    "Iommufd.mmap",
                    w -> {
                        int fd = w.iommufd();
                        var device = w.bind(w.function("one"), fd);
                        int parent = w.hwpt(fd, HwptAlloc.NEST_PARENT, device, w.ioas(fd));
                        var made = w.ask(
                                fd, new ViommuAlloc(0, MockViommu.TYPE, device.id(), parent, new MockViommu.Data(1)));
                        long offset = ((MockViommu.Answer) Objects.requireNonNull(made.data())).offset();
                        return () ->
                                context(w, fd).mmap(offset, PAGE, true, false).close();
                    },
                    "iommufd.mmap.mapping"),
            of(
                    "Iommufd.compatIoas",
                    w -> {
                        var context = context(w);
                        return context::compatIoas;
                    },
                    "iommufd.object.id",
                    "iommufd.ioas.object"),
            of("Iommufd.noteAccesses", w -> {
                var context = context(w);
                context.compatIoas();
                return () -> context.noteAccesses(true);
            }),
            of("Iommufd.unmapAccessed", w -> {
                int fd = w.iommufd();
                w.map(fd, context(w, fd).compatIoas(), 4);
                return () -> context(w, fd).unmapAccessed(IOVA, IOVA + 4 * PAGE - 1, (iova, count) -> {});
            }),
            // a machine's PASIDs
            of(
                    "VmPasids.map",
                    w -> {
                        w.authorize(7);
                        var pasids = pasids(w);
                        return () -> pasids.map(3, new Pasid(7));
                    },
                    "enqcmd.map.entry"),
            of("VmPasids.unmap", w -> {
                w.authorize(7);
                var pasids = pasids(w);
                pasids.map(3, new Pasid(7));
                return () -> pasids.unmap(3);
            }),
            of("VmPasids.newUnit", w -> {
                var pasids = pasids(w);
                return pasids::newUnit;
            }),
            of("VmPasids.close", w -> {
                var pasids = new VmPasids(w.process);
                return pasids::close;
            }),
            // vfio, as drivers have it
            of(
                    "VfioHost.register",
                    w -> () -> w.vfio.register("frame", new FrameDevice(), w.loop.strand(), DeviceSet.alone()),
                    "vfio.register.node"),
            of("VfioHost.addContainers", w -> {
                w.kernel.removeNode(VfioHost.CONTAINER);
                return () -> w.vfio.addContainers(w.node);
            }),
            // processes
            of("Process.open", w -> w::iommufd, "iommufd.open.context", "process.descriptor"),
            of("Process.install", w -> w::machine, "process.descriptor"),
            of(
                    "Process.dup",
                    w -> {
                        int fd = w.iommufd();
                        return () -> w.process.dup(fd);
                    },
                    "process.descriptor"),
            of(
                    "Process.send",
                    w -> {
                        int fd = w.iommufd();
                        var other = w.fork();
                        return () -> w.process.send(fd, other);
                    },
                    "process.descriptor"),
            of(
                    "Process.fork",
                    w -> {
                        w.iommufd();
                        w.memory(4);
                        return w::fork;
                    },
                    "process.fork"),
            of("Process.keepOnExec", w -> {
                int fd = w.iommufd();
                return () -> w.process.keepOnExec(fd);
            }),
            of("Process.exec", w -> {
                w.authorize(7);
                w.memory(4);
                return () -> w.process.exec("other");
            }),
            of("Process.close", w -> {
                int fd = w.iommufd();
                return () -> w.process.close(fd);
            }),
            of("Process.exit", w -> {
                var other = w.fork();
                return other::exit;
            }));

    private static Iommufd context(SweepWorld w) {
        return context(w, w.iommufd());
    }

    private static Iommufd context(SweepWorld w, int fd) {
        return (Iommufd) w.process.file(fd);
    }

    private static VmPasids pasids(SweepWorld w) {
        return ((VmFile) w.process.file(w.machine())).pasids();
    }

    private static HostFunction function(SweepWorld w) {
        return Objects.requireNonNull(w.host.find("one"));
    }

    /// An instance's way to four scattered pages.
    private static MdevDma dma(SweepWorld w) {
        int fd = w.iommufd();
        int ioas = w.ioas(fd);
        w.attach(w.instance().node(), fd, ioas);
        w.ask(fd, new IoasMap(SweepWorld.RW, ioas, w.memory(4), 4 * PAGE, IOVA));
        return w.driver.contexts.getLast().dma();
    }

    private static final class Pinner implements AccessOps {
        @Override
        public boolean needsPinPages() {
            return true;
        }

        @Override
        public void unmapped(long iova, long length) {}
    }

    /// A software device, and four scattered pages.
    private static final class Access {
        private final int iommufd;
        private final int ioas;
        private final IommufdAccess access;

        Access(SweepWorld w) {
            iommufd = w.iommufd();
            ioas = w.ioas(iommufd);
            access = IommufdAccess.create(context(w, iommufd), new Pinner());
            w.ask(iommufd, new IoasMap(SweepWorld.RW, ioas, w.memory(4), 4 * PAGE, IOVA));
            w.onClose(access::destroy);
        }

        Access attached() {
            access.attach(ioas);
            return this;
        }

        void pin() {
            access.pin(IOVA, 4 * PAGE, true);
        }
    }

    /// A function that its driver has bound.
    private static final class Device {
        private final int iommufd;
        private final int ioas;
        private final IommufdDevice device;

        Device(SweepWorld w) {
            iommufd = w.iommufd();
            ioas = w.ioas(iommufd);
            w.map(iommufd, ioas, 4);
            device = IommufdDevice.bind(context(w, iommufd), function(w).iommu());
            w.onClose(device::unbind);
        }
    }
}
