package io.sluice.vfio;

import static io.sluice.vfio.testkit.SweepWorld.IOVA;
import static io.sluice.vfio.testkit.SweepWorld.PAGE;
import static io.sluice.vfio.testkit.SweepWorld.RW;

import io.sluice.vfio.enqcmd.VmRequests;
import io.sluice.vfio.host.iommu.StageOne;
import io.sluice.vfio.host.memory.HostFrames;
import io.sluice.vfio.host.memory.MemFile;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.host.process.Request;
import io.sluice.vfio.iommufd.DmaBuf;
import io.sluice.vfio.iommufd.FaultQueueAlloc;
import io.sluice.vfio.iommufd.GetHwInfo;
import io.sluice.vfio.iommufd.HwQueueAlloc;
import io.sluice.vfio.iommufd.HwptAlloc;
import io.sluice.vfio.iommufd.HwptGetDirtyBitmap;
import io.sluice.vfio.iommufd.HwptInvalidate;
import io.sluice.vfio.iommufd.HwptSetDirtyTracking;
import io.sluice.vfio.iommufd.IoasAlloc;
import io.sluice.vfio.iommufd.IoasAllowIovas;
import io.sluice.vfio.iommufd.IoasChangeProcess;
import io.sluice.vfio.iommufd.IoasCopy;
import io.sluice.vfio.iommufd.IoasIovaRanges;
import io.sluice.vfio.iommufd.IoasMap;
import io.sluice.vfio.iommufd.IoasMapFile;
import io.sluice.vfio.iommufd.IoasUnmap;
import io.sluice.vfio.iommufd.IommuDestroy;
import io.sluice.vfio.iommufd.IommuOption;
import io.sluice.vfio.iommufd.IommuVfioIoas;
import io.sluice.vfio.iommufd.MockViommu;
import io.sluice.vfio.iommufd.VdeviceAlloc;
import io.sluice.vfio.iommufd.VeventqAlloc;
import io.sluice.vfio.iommufd.VfioCheckExtension;
import io.sluice.vfio.iommufd.VfioGetApiVersion;
import io.sluice.vfio.iommufd.VfioIommuGetInfo;
import io.sluice.vfio.iommufd.VfioIommuMapDma;
import io.sluice.vfio.iommufd.VfioIommuUnmapDma;
import io.sluice.vfio.iommufd.VfioSetIommu;
import io.sluice.vfio.iommufd.ViommuAlloc;
import io.sluice.vfio.iommufd.ioas.IovaRange;
import io.sluice.vfio.testkit.SweepWorld;
import io.sluice.vfio.vfio.ContainerRequests;
import io.sluice.vfio.vfio.DeviceRequests;
import io.sluice.vfio.vfio.DeviceRequests.AttachIommufdPt;
import io.sluice.vfio.vfio.DeviceRequests.BindIommufd;
import io.sluice.vfio.vfio.DeviceRequests.DetachIommufdPt;
import io.sluice.vfio.vfio.DeviceRequests.SetIrqsByFile;
import io.sluice.vfio.vfio.FeatureData;
import io.sluice.vfio.vfio.GroupRequests;
import io.sluice.vfio.vfio.MigrationFile;
import io.sluice.vfio.vfio.MigrationState;
import io.sluice.vfio.vfio.VfioFeature;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vfio.vfio.VfioRegion;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/// Each request of each kind of file that changes something, with how to bring a host to where it can be made; and
/// those
/// that only look.
final class RequestSweeps {
    private static final String IOMMUFD = "iommufd";
    private static final String DEVICE = "vfio-device";
    private static final String GROUP = "vfio-group";
    private static final String CONTAINER = "vfio-container";
    private static final String VM = "kvm-vm";
    private static final String VM_VFIO = "kvm-vfio";

    private RequestSweeps() {}

    /// A request that is about to be made.
    record Asked(Process caller, int fd, Request<?> request) {}

    /// @param kind of the file
    /// @param what is particular about it; empty for the plain request
    /// @param steps some of those that it has to pass; none if it has to pass none at all
    record Sweep(String kind, Class<?> request, String what, List<String> steps, Function<SweepWorld, Asked> prepared) {
        @Override
        public String toString() {
            return kind + " " + request.getSimpleName() + " " + what;
        }
    }

    /// A request without inner steps that can fail.
    private static Sweep of(
            String kind, Class<?> request, String what, Function<SweepWorld, Asked> prepared, String... steps) {
        return new Sweep(kind, request, what, List.of(steps), prepared);
    }

    private static Asked ask(SweepWorld w, int fd, Request<?> request) {
        return new Asked(w.process, fd, request);
    }

    // ---- what only looks

    static final Map<String, Set<Class<?>>> READ_ONLY = Map.of(
            IOMMUFD,
            Set.of(
                    IoasIovaRanges.class,
                    GetHwInfo.class,
                    VfioGetApiVersion.class,
                    VfioCheckExtension.class,
                    VfioIommuGetInfo.class),
            CONTAINER,
            Set.of(VfioGetApiVersion.class, VfioCheckExtension.class, VfioIommuGetInfo.class),
            GROUP,
            Set.of(GroupRequests.GetStatus.class),
            DEVICE,
            Set.of(
                    DeviceRequests.GetInfo.class,
                    DeviceRequests.GetRegionInfo.class,
                    DeviceRequests.GetIrqInfo.class,
                    DeviceRequests.GetHotResetInfo.class,
                    DeviceRequests.QueryGfxPlane.class),
            "vfio-mig",
            Set.of(MigrationFile.GetPrecopyInfo.class),
            VM_VFIO,
            Set.of(VmRequests.HasDeviceAttr.class));

    // ---- what changes something

    static final List<Sweep> ALL = List.of(
            // iommufd: objects
            of(IOMMUFD, IommuDestroy.class, "", w -> {
                int fd = w.iommufd();
                return ask(w, fd, new IommuDestroy(w.ioas(fd)));
            }),
            of(
                    IOMMUFD,
                    IommuOption.class,
                    "limit",
                    w -> ask(w, w.iommufd(), IommuOption.set(IommuOption.RLIMIT_MODE, 0, 1))),
            of(IOMMUFD, IommuOption.class, "huge pages", w -> {
                int fd = w.iommufd();
                return ask(w, fd, IommuOption.set(IommuOption.HUGE_PAGES, w.ioas(fd), 0));
            }),
            of(
                    IOMMUFD,
                    IoasAlloc.class,
                    "",
                    w -> ask(w, w.iommufd(), new IoasAlloc(0)),
                    "iommufd.object.id",
                    "iommufd.ioas.object"),
            of(
                    IOMMUFD,
                    IoasAllowIovas.class,
                    "",
                    w -> {
                        int fd = w.iommufd();
                        return ask(w, fd, new IoasAllowIovas(w.ioas(fd), List.of(new IovaRange(IOVA, 2 * IOVA))));
                    },
                    "iommufd.ioas.allow"),
            of(
                    IOMMUFD,
                    IoasMap.class,
                    "into a domain",
                    w -> {
                        var attached = new Attached(w);
                        return attached.ask(new IoasMap(RW, attached.ioas, w.memory(4), 4 * PAGE, IOVA));
                    },
                    "iommufd.ioas_map.pages",
                    "iommufd.ioas_map.area",
                    "iommufd.pages.pin",
                    "iommufd.pages.charge",
                    "iommufd.domain.map",
                    "iommu.map.node"),
            of(
                    IOMMUFD,
                    IoasMapFile.class,
                    "of memory",
                    w -> {
                        var attached = new Attached(w);
                        return attached.ask(new IoasMapFile(RW, attached.ioas, w.memfd(4), 0, 4 * PAGE, IOVA));
                    },
                    "iommufd.ioas_map.pages",
                    "iommufd.pages.charge",
                    "iommufd.domain.map"),
            of(
                    IOMMUFD,
                    IoasMapFile.class,
                    "of a DmaBuf",
                    w -> {
                        var attached = new Attached(w);
                        int buffer = w.process.install(dmaBuf(w));
                        return attached.ask(new IoasMapFile(RW, attached.ioas, buffer, 0, 2 * PAGE, IOVA));
                    },
                    "iommufd.ioas_map.pages",
                    "iommufd.ioas_map.area",
                    "iommufd.domain.map",
                    "iommu.map.node"),
            of(
                    IOMMUFD,
                    IoasCopy.class,
                    "into a domain",
                    w -> {
                        var attached = new Attached(w);
                        int from = w.ioas(attached.iommufd);
                        w.map(attached.iommufd, from, 4);
                        return attached.ask(new IoasCopy(RW, attached.ioas, from, 4 * PAGE, 2 * IOVA, IOVA));
                    },
                    "iommufd.ioas_map.area",
                    "iommufd.pages.charge",
                    "iommufd.domain.map"),
            of(IOMMUFD, IoasUnmap.class, "", w -> {
                var attached = new Attached(w);
                w.map(attached.iommufd, attached.ioas, 4);
                return attached.ask(new IoasUnmap(attached.ioas, IOVA, 4 * PAGE));
            }),
            of(
                    IOMMUFD,
                    IoasChangeProcess.class,
                    "",
                    w -> {
                        var attached = new Attached(w);
                        w.map(attached.iommufd, attached.ioas, 4);
                        return new Asked(w.fork(), attached.iommufd, new IoasChangeProcess());
                    },
                    "iommufd.pages.charge"),
            of(IOMMUFD, IommuVfioIoas.class, "", w -> {
                int fd = w.iommufd();
                return ask(w, fd, new IommuVfioIoas(w.ioas(fd), IommuVfioIoas.SET));
            }),
            // iommufd: tables
            of(
                    IOMMUFD,
                    HwptAlloc.class,
                    "",
                    w -> {
                        int fd = w.iommufd();
                        int ioas = w.ioas(fd);
                        w.map(fd, ioas, 4);
                        var device = w.bind(w.function("one"), fd);
                        return ask(w, fd, HwptAlloc.plain(HwptAlloc.ALLOC_PASID, device.id(), ioas));
                    },
                    "iommufd.hwpt.object",
                    "iommu.new_paging.root",
                    "iommufd.ioas.domain",
                    "iommufd.domain.map"),
            of(
                    IOMMUFD,
                    HwptAlloc.class,
                    "nested",
                    w -> new Nested(w).table(),
                    "iommufd.hwpt.object",
                    "iommu.new_nested.domain"),
            of(IOMMUFD, HwptInvalidate.class, "", w -> {
                var nested = new Nested(w);
                int table = (int) w.ask(nested.iommufd, nested.table().request());
                var all = new HwptInvalidate.Vtd(0, -1, 0);
                return ask(w, nested.iommufd, new HwptInvalidate(table, HwptInvalidate.DATA_VTD_S1, List.of(all)));
            }),
            of(
                    IOMMUFD,
                    HwptSetDirtyTracking.class,
                    "",
                    w -> {
                        var tracked = new Attached(w);
                        return tracked.ask(new HwptSetDirtyTracking(HwptSetDirtyTracking.ENABLE, tracked.tracked()));
                    },
                    "iommufd.dirty.set"),
            of(IOMMUFD, HwptGetDirtyBitmap.class, "", w -> {
                var tracked = new Attached(w);
                int table = tracked.tracked();
                w.map(tracked.iommufd, tracked.ioas, 4);
                w.ask(tracked.iommufd, new HwptSetDirtyTracking(HwptSetDirtyTracking.ENABLE, table));
                return tracked.ask(new HwptGetDirtyBitmap(table, 0, IOVA, 4 * PAGE, PAGE, new byte[1], 0));
            }),
            of(
                    IOMMUFD,
                    FaultQueueAlloc.class,
                    "",
                    w -> ask(w, w.iommufd(), new FaultQueueAlloc(0)),
                    "iommufd.object.id",
                    "process.descriptor"),
            // iommufd: virtual IOMMUs
            of(
                    IOMMUFD,
                    ViommuAlloc.class,
                    "",
                    w -> {
                        var nested = new Nested(w);
                        return ask(w, nested.iommufd, nested.viommu());
                    },
                    "iommufd.viommu.object"),
            of(
                    IOMMUFD,
                    VdeviceAlloc.class,
                    "",
                    w -> {
                        var nested = new Nested(w);
                        return ask(w, nested.iommufd, new VdeviceAlloc(nested.newViommu(), nested.device.id(), 7));
                    },
                    "iommufd.vdevice.object"),
            of(
                    IOMMUFD,
                    VeventqAlloc.class,
                    "",
                    w -> {
                        var nested = new Nested(w);
                        return ask(w, nested.iommufd, new VeventqAlloc(0, nested.newViommu(), MockViommu.EVENTS, 2));
                    },
                    "iommufd.object.id",
                    "process.descriptor"),
            of(
                    IOMMUFD,
                    HwQueueAlloc.class,
                    "",
                    w -> {
                        var nested = new Nested(w);
                        w.map(nested.iommufd, nested.ioas, 1);
                        return ask(
                                w,
                                nested.iommufd,
                                new HwQueueAlloc(0, nested.newViommu(), MockViommu.QUEUES, 0, IOVA, PAGE));
                    },
                    "iommufd.hw_queue.object",
                    "iommufd.access.pin"),
            // iommufd: in a container's place
            of(IOMMUFD, VfioSetIommu.class, "", w -> {
                int fd = w.iommufd();
                w.ask(fd, new IommuVfioIoas(w.ioas(fd), IommuVfioIoas.SET));
                return ask(w, fd, new VfioSetIommu(VfioCheckExtension.TYPE1));
            }),
            of(
                    IOMMUFD,
                    VfioIommuMapDma.class,
                    "",
                    w -> {
                        var attached = new Attached(w);
                        w.ask(attached.iommufd, new IommuVfioIoas(attached.ioas, IommuVfioIoas.SET));
                        return attached.ask(new VfioIommuMapDma(3, w.memory(4), IOVA, 4 * PAGE));
                    },
                    "iommufd.ioas_map.area",
                    "iommufd.domain.map"),
            of(
                    IOMMUFD,
                    VfioIommuUnmapDma.class,
                    "version 1, cutting",
                    w -> {
                        int fd = w.iommufd();
                        w.ask(fd, new IommuVfioIoas(w.ioas(fd), IommuVfioIoas.SET));
                        w.ask(fd, new VfioSetIommu(VfioCheckExtension.TYPE1));
                        w.ask(fd, new VfioIommuMapDma(3, w.memory(4), IOVA, 4 * PAGE));
                        return ask(w, fd, new VfioIommuUnmapDma(0, IOVA + PAGE, 2 * PAGE));
                    },
                    "iommufd.ioas_unmap.cut"),
            // containers
            of(
                    CONTAINER,
                    VfioSetIommu.class,
                    "of two groups",
                    w -> ask(
                            w,
                            w.container(w.function("one"), w.function("two")),
                            new VfioSetIommu(VfioCheckExtension.TYPE1_V2)),
                    "iommufd.hwpt.object",
                    "iommu.set.entry",
                    "iommufd.attach.entry"),
            of(
                    CONTAINER,
                    VfioIommuMapDma.class,
                    "",
                    w -> ask(
                            w,
                            w.readyContainer(VfioCheckExtension.TYPE1_V2, w.function("one")),
                            new VfioIommuMapDma(3, w.memory(4), IOVA, 4 * PAGE)),
                    "vfio.container.mapping",
                    "iommufd.ioas_map.area",
                    "iommufd.domain.map"),
            of(CONTAINER, VfioIommuUnmapDma.class, "", w -> {
                int fd = w.readyContainer(VfioCheckExtension.TYPE1_V2, w.function("one"));
                w.ask(fd, new VfioIommuMapDma(3, w.memory(4), IOVA, 4 * PAGE));
                return ask(w, fd, new VfioIommuUnmapDma(VfioIommuUnmapDma.ALL, 0, 0));
            }),
            of(
                    CONTAINER,
                    ContainerRequests.DirtyPages.class,
                    "",
                    w -> ask(
                            w,
                            w.readyContainer(
                                    VfioCheckExtension.TYPE1_V2, w.instance().node()),
                            new ContainerRequests.DirtyPages(ContainerRequests.DIRTY_START)),
                    "vfio.container.notes"),
            // groups
            of(
                    GROUP,
                    GroupRequests.SetContainer.class,
                    "",
                    w -> ask(
                            w,
                            w.group(w.function("one")),
                            new GroupRequests.SetContainer(w.process.open("/dev/vfio/vfio"))),
                    "iommufd.open.context",
                    "iommufd.bind.object",
                    "vfio.container.group"),
            of(
                    GROUP,
                    GroupRequests.SetContainer.class,
                    "that has an IOMMU and mappings",
                    w -> {
                        int fd = w.readyContainer(VfioCheckExtension.TYPE1_V2, w.function("one"));
                        w.ask(fd, new VfioIommuMapDma(3, w.memory(4), IOVA, 4 * PAGE));
                        return ask(w, w.group(w.function("two")), new GroupRequests.SetContainer(fd));
                    },
                    "iommufd.attach.entry",
                    "vfio.container.group"),
            of(GROUP, GroupRequests.UnsetContainer.class, "", w -> {
                int group = w.group(w.function("one"));
                w.ask(group, new GroupRequests.SetContainer(w.process.open("/dev/vfio/vfio")));
                return ask(w, group, new GroupRequests.UnsetContainer());
            }),
            of(
                    GROUP,
                    GroupRequests.GetDeviceFd.class,
                    "of a function",
                    w -> {
                        int group = w.group(w.function("one"));
                        w.ask(group, new GroupRequests.SetContainer(w.iommufd()));
                        return ask(
                                w,
                                group,
                                new GroupRequests.GetDeviceFd(w.function("one").name()));
                    },
                    "vfio.open.device",
                    "vfio_pci.open.state",
                    "vfio.attach.entry",
                    "process.descriptor"),
            of(
                    GROUP,
                    GroupRequests.GetDeviceFd.class,
                    "of an instance",
                    w -> {
                        var device = w.instance().node();
                        int group = w.group(device);
                        int container = w.process.open("/dev/vfio/vfio");
                        w.ask(group, new GroupRequests.SetContainer(container));
                        w.ask(container, new VfioSetIommu(VfioCheckExtension.TYPE1_V2));
                        return ask(w, group, new GroupRequests.GetDeviceFd(device.name()));
                    },
                    "iommufd.access.object",
                    "iommufd.access.attach",
                    "process.descriptor"),
            // devices
            of(
                    DEVICE,
                    BindIommufd.class,
                    "of a function",
                    w -> ask(w, w.process.open(w.function("one").path()), new BindIommufd(w.iommufd())),
                    "iommufd.bind.object",
                    "vfio.open.device",
                    "vfio_pci.open.state",
                    "vfio_pci.open.shadow"),
            of(
                    DEVICE,
                    BindIommufd.class,
                    "of an instance",
                    w -> ask(w, w.process.open(w.instance().node().path()), new BindIommufd(w.iommufd())),
                    "iommufd.access.object",
                    "vfio.open.device"),
            of(
                    DEVICE,
                    AttachIommufdPt.class,
                    "to an IOAS",
                    w -> {
                        int fd = w.iommufd();
                        int ioas = w.ioas(fd);
                        w.map(fd, ioas, 4);
                        return ask(w, w.bind(w.function("one"), fd).fd(), new AttachIommufdPt(ioas));
                    },
                    "vfio.attach.entry",
                    "iommufd.hwpt.object",
                    "iommufd.pages.charge",
                    "iommu.set.entry",
                    "iommufd.attach.entry"),
            of(
                    DEVICE,
                    AttachIommufdPt.class,
                    "replacing",
                    w -> {
                        var attached = new Attached(w);
                        return ask(w, attached.device.fd(), new AttachIommufdPt(w.ioas(attached.iommufd)));
                    },
                    "vfio.attach.entry",
                    "iommufd.replace.entry"),
            of(
                    DEVICE,
                    AttachIommufdPt.class,
                    "a PASID",
                    w -> {
                        int fd = w.iommufd();
                        var device = w.bind(w.function("one"), fd);
                        int table = w.hwpt(fd, HwptAlloc.ALLOC_PASID, device, w.ioas(fd));
                        return ask(w, device.fd(), new AttachIommufdPt(1, table, 7));
                    },
                    "vfio.attach.entry",
                    "iommu.set_pasid.entry"),
            of(
                    DEVICE,
                    AttachIommufdPt.class,
                    "an instance",
                    w -> {
                        int fd = w.iommufd();
                        return ask(w, w.bind(w.instance().node(), fd).fd(), new AttachIommufdPt(w.ioas(fd)));
                    },
                    "vfio.attach.entry",
                    "iommufd.access.attach"),
            of(DEVICE, DetachIommufdPt.class, "", w -> ask(w, new Attached(w).device.fd(), new DetachIommufdPt())),
            of(
                    DEVICE,
                    SetIrqsByFile.class,
                    "MSI-X",
                    w -> ask(
                            w,
                            new Attached(w).device.fd(),
                            SetIrqsByFile.trigger(VfioIrq.MSIX, 0, List.of(w.eventfd(), w.eventfd(), w.eventfd()))),
                    "vfio.set_irqs.vectors",
                    "host.pci.vectors.block"),
            of(
                    DEVICE,
                    SetIrqsByFile.class,
                    "MSI",
                    w -> ask(
                            w,
                            new Attached(w).device.fd(),
                            SetIrqsByFile.trigger(VfioIrq.MSI, 0, List.of(w.eventfd(), w.eventfd()))),
                    "vfio.set_irqs.vectors",
                    "host.pci.vectors.block"),
            of(
                    DEVICE,
                    SetIrqsByFile.class,
                    "of an instance",
                    w -> ask(
                            w,
                            w.bind(w.instance().node(), w.iommufd()).fd(),
                            SetIrqsByFile.trigger(VfioIrq.INTX, 0, List.of(w.eventfd()))),
                    "vfio.set_irqs.vectors"),
            of(
                    DEVICE,
                    DeviceRequests.Reset.class,
                    "",
                    w -> ask(w, new Attached(w).device.fd(), new DeviceRequests.Reset()),
                    "iommu.stage_reset.blocking"),
            of(
                    DEVICE,
                    DeviceRequests.HotReset.class,
                    "",
                    w -> ask(w, new Attached(w).device.fd(), new DeviceRequests.HotReset(0, List.of())),
                    "host.pci.reset.stage",
                    "host.pci.reset.state"),
            of(
                    DEVICE,
                    DeviceRequests.Ioeventfd.class,
                    "",
                    w -> ask(
                            w,
                            w.bind(w.instance().node(), w.iommufd()).fd(),
                            new DeviceRequests.Ioeventfd(4, VfioRegion.fileOffset(0) + 8, 1, w.eventfd())),
                    "vfio.ioeventfd.writer"),
            of(
                    DEVICE,
                    DeviceRequests.Feature.class,
                    "migration",
                    w -> ask(w, w.bind(w.instance().node(), w.iommufd()).fd(), state(MigrationState.STOP_COPY)),
                    "process.descriptor"),
            of(
                    DEVICE,
                    DeviceRequests.Feature.class,
                    "DMA logging",
                    w -> {
                        var range = new FeatureData.LoggingRange(IOVA, 4 * PAGE);
                        var start = new FeatureData.LoggingStart(PAGE, List.of(range));
                        return ask(
                                w,
                                w.bind(w.instance().node(), w.iommufd()).fd(),
                                new DeviceRequests.Feature(VfioFeature.SET | 6, start));
                    },
                    "vfio.feature.set"),
            of(
                    DEVICE,
                    DeviceRequests.GetGfxDmabuf.class,
                    "",
                    w -> ask(w, w.bind(w.instance().node(), w.iommufd()).fd(), new DeviceRequests.GetGfxDmabuf(1)),
                    "process.descriptor"),
            // machines
            of(
                    VM,
                    VmRequests.CreateDevice.class,
                    "",
                    w -> ask(w, w.machine(), new VmRequests.CreateDevice(VmRequests.DEVICE_TYPE_VFIO)),
                    "enqcmd.create_device.file",
                    "process.descriptor"),
            of(
                    VM,
                    VmRequests.MapPasid.class,
                    "",
                    w -> {
                        w.authorize(7);
                        return ask(w, w.machine(), new VmRequests.MapPasid(3, 7));
                    },
                    "enqcmd.map.entry"),
            of(VM, VmRequests.UnmapPasid.class, "", w -> {
                w.authorize(7);
                int machine = w.machine();
                w.ask(machine, new VmRequests.MapPasid(3, 7));
                return ask(w, machine, new VmRequests.UnmapPasid(3));
            }),
            of(
                    VM_VFIO,
                    VmRequests.SetDeviceAttr.class,
                    "add",
                    w -> ask(w, w.coupling(w.machine()), coupled(w, VmRequests.FILE_ADD)),
                    "enqcmd.file_add.entry"),
            of(VM_VFIO, VmRequests.SetDeviceAttr.class, "remove", w -> {
                int coupling = w.coupling(w.machine());
                var add = coupled(w, VmRequests.FILE_ADD);
                w.ask(coupling, add);
                return ask(w, coupling, new VmRequests.SetDeviceAttr(add.group(), VmRequests.FILE_DEL, add.fd()));
            }));

    private static VmRequests.SetDeviceAttr coupled(SweepWorld w, int attribute) {
        return new VmRequests.SetDeviceAttr(VmRequests.GROUP_FILE, attribute, w.group(w.function("one")));
    }

    private static DeviceRequests.Feature state(MigrationState wanted) {
        return new DeviceRequests.Feature(VfioFeature.SET | 2, new FeatureData.DeviceState(wanted.ordinal(), -1));
    }

    /// Two pages of a device's own memory.
    private static DmaBuf dmaBuf(SweepWorld w) {
        HostFrames.Run frames = MemFile.create(w.kernel.frames(), 2 * PAGE).frames();
        return new DmaBuf(frames, false);
    }

    /// A function that is attached to an IOAS.
    private static final class Attached {
        private final SweepWorld world;
        private final int iommufd;
        private final int ioas;
        private final SweepWorld.Bound device;

        Attached(SweepWorld world) {
            this.world = world;
            this.iommufd = world.iommufd();
            this.ioas = world.ioas(iommufd);
            this.device = world.attach(world.function("one"), iommufd, ioas);
        }

        Asked ask(Request<?> request) {
            return RequestSweeps.ask(world, iommufd, request);
        }

        /// A table that notes writes.
        int tracked() {
            return world.hwpt(iommufd, HwptAlloc.DIRTY_TRACKING, device, ioas);
        }
    }

    /// A function, and a table that may carry a guest's.
    private static final class Nested {
        private final SweepWorld world;
        private final int iommufd;
        private final int ioas;
        private final SweepWorld.Bound device;
        private final int parent;

        Nested(SweepWorld world) {
            this.world = world;
            this.iommufd = world.iommufd();
            this.ioas = world.ioas(iommufd);
            this.device = world.bind(world.function("one"), iommufd);
            this.parent = world.hwpt(iommufd, HwptAlloc.NEST_PARENT, device, ioas);
        }

        Asked table() {
            var request = new HwptAlloc(0, device.id(), parent, HwptAlloc.DATA_VTD_S1, new StageOne(IOVA, 48, 0), 0);
            return ask(world, iommufd, request);
        }

        ViommuAlloc viommu() {
            return new ViommuAlloc(0, MockViommu.TYPE, device.id(), parent, new MockViommu.Data(1));
        }

        int newViommu() {
            return world.ask(iommufd, viommu()).viommuId();
        }
    }
}
