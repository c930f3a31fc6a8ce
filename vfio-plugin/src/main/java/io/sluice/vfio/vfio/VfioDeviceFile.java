package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.process.Nothing;
import io.sluice.vfio.host.process.OpenFile;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.host.process.RequestTable;
import io.sluice.vfio.vfio.DeviceRequests.AttachIommufdPt;
import io.sluice.vfio.vfio.DeviceRequests.BindIommufd;
import io.sluice.vfio.vfio.DeviceRequests.DetachIommufdPt;
import io.sluice.vfio.vfio.DeviceRequests.SetIrqsByFile;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// An open vfio device: of its device node, which has to be bound first, or made by a group. Any thread.
public final class VfioDeviceFile extends OpenFile implements VfioFile {
    private static final RequestTable<VfioDeviceFile> REQUESTS = RequestTable.of("vfio-device", VfioDeviceFile.class)
            .on("VFIO_DEVICE_BIND_IOMMUFD", BindIommufd.class, VfioDeviceFile::bind)
            .on("VFIO_DEVICE_ATTACH_IOMMUFD_PT", AttachIommufdPt.class, VfioDeviceFile::attach)
            .on("VFIO_DEVICE_DETACH_IOMMUFD_PT", DetachIommufdPt.class, VfioDeviceFile::detach)
            .on(
                    "VFIO_DEVICE_GET_INFO",
                    DeviceRequests.GetInfo.class,
                    (file, caller, request) -> file.inside(VfioDevice::info))
            .on(
                    "VFIO_DEVICE_GET_REGION_INFO",
                    DeviceRequests.GetRegionInfo.class,
                    (file, caller, request) -> file.inside(device -> device.regionInfo(request.index())))
            .on(
                    "VFIO_DEVICE_GET_IRQ_INFO",
                    DeviceRequests.GetIrqInfo.class,
                    (file, caller, request) -> file.inside(device -> device.irqInfo(request.index())))
            .on("VFIO_DEVICE_SET_IRQS", SetIrqsByFile.class, VfioDeviceFile::setIrqs)
            .on("VFIO_DEVICE_RESET", DeviceRequests.Reset.class, VfioDeviceFile::reset)
            .on(
                    "VFIO_DEVICE_GET_PCI_HOT_RESET_INFO",
                    DeviceRequests.GetHotResetInfo.class,
                    (file, caller, request) -> HotResets.info(file, request))
            .on("VFIO_DEVICE_PCI_HOT_RESET", DeviceRequests.HotReset.class, HotResets::reset)
            .on("VFIO_DEVICE_IOEVENTFD", DeviceRequests.Ioeventfd.class, VfioDeviceFile::ioeventfd)
            .on("VFIO_DEVICE_FEATURE", DeviceRequests.Feature.class, VfioDeviceFile::feature)
            .on(
                    "VFIO_DEVICE_QUERY_GFX_PLANE",
                    DeviceRequests.QueryGfxPlane.class,
                    (file, caller, request) -> file.inside(device -> device.queryGfxPlane(request.query())))
            .on("VFIO_DEVICE_GET_GFX_DMABUF", DeviceRequests.GetGfxDmabuf.class, VfioDeviceFile::gfxDmabuf);

    private final VfioNode node;
    private final @Nullable VfioGroupFile group;
    /// Set last when it is bound, so that nobody meets a device that is half open.
    private volatile boolean granted;

    private @Nullable OpenFile machine;

    /// The one that the device was opened for.
    private @Nullable OpenFile openedFor;

    /// @param group the file that made it, and has opened the device already; null for the device node
    VfioDeviceFile(VfioNode node, @Nullable VfioGroupFile group) {
        this.node = node;
        this.group = group;
        this.granted = group != null;
        if (group != null) {
            machine = group.machine();
            keepMachine();
        }
    }

    @Override
    public RequestTable<?> requests() {
        return REQUESTS;
    }

    VfioNode node() {
        return node;
    }

    boolean isOfGroup() {
        return group != null;
    }

    /// The device, for a machine in this process that has the file: it calls it inside its strand.
    ///
    /// @throws HostException EINVAL before it is bound
    public VfioDevice device() {
        requireGranted();
        return node.device();
    }

    private void requireGranted() {
        if (!granted) {
            throw refuse(Errno.EINVAL, node + " is not bound");
        }
    }

    private <R> R inside(Function<VfioDevice, R> question) {
        requireGranted();
        return Inside.of(node.strand(), () -> question.apply(node.device()));
    }

    // ---- life

    private Integer bind(Process caller, BindIommufd request) {
        boolean hasToken = (request.flags() & DeviceRequests.BIND_TOKEN) != 0;
        if ((request.flags() & ~DeviceRequests.BIND_TOKEN) != 0
                || request.iommufd() < 0
                || group != null
                || hasToken != (request.token() != null)) {
            throw refuse(Errno.EINVAL, "bind");
        }
        Inside.requireOutside(node.strand());
        node.group().blockFile();
        try {
            synchronized (node.set()) {
                return bindBlocked(caller, request);
            }
        } catch (HostException e) {
            node.group().unblockFile();
            throw e;
        }
    }

    private int bindBlocked(Process caller, BindIommufd request) {
        if (granted) {
            throw refuse(Errno.EINVAL, node + " is bound");
        }
        Inside.run(node.strand(), () -> node.ops().checkToken(request.token()));
        var iommufd = caller.hold(request.iommufd());
        try {
            var binder = node.host().binder();
            if (!binder.isIommufd(iommufd)) {
                throw refuse(Errno.EBADFD, "descriptor " + request.iommufd() + " is no iommufd");
            }
            node.open(true, opened -> binder.bind(iommufd, opened));
        } finally {
            iommufd.drop();
        }
        var binding = node.binding();
        if (binding == null) {
            throw new IllegalStateException(node + " is open without a binding");
        }
        keepMachine();
        granted = true;
        return binding.id();
    }

    /// Everything that was attached is detached, the device is closed, and it leaves its iommufd: when this returns,
    /// unless it is called from inside the device; then soon after that has let go.
    @Override
    protected void released() {
        if (node.strand().isInside()) {
            // Closed by the device's own doing, which goes on: what waits for its end must not be this thread.
            Thread.ofVirtual().name("close " + node).start(this::leave);
        } else {
            leave();
        }
    }

    private void leave() {
        dropMachine();
        if (group != null) {
            group.deviceClosed(node);
            return;
        }
        if (granted) {
            synchronized (node.set()) {
                node.close();
            }
            node.group().unblockFile();
            node.settle();
        }
    }

    private Integer attach(Process caller, AttachIommufdPt request) {
        Inside.requireOutside(node.strand());
        int pasid = pasid(request.flags(), request.pasid());
        synchronized (node.set()) {
            return node.attach(pasid, request.ptId(), caller);
        }
    }

    private Nothing detach(Process caller, DetachIommufdPt request) {
        Inside.requireOutside(node.strand());
        int pasid = pasid(request.flags(), request.pasid());
        if (pasid != 0 && !node.ops().takesPasids()) {
            throw refuse(Errno.EOPNOTSUPP, node + " has no PASIDs");
        }
        synchronized (node.set()) {
            node.detach(pasid);
        }
        return Nothing.DONE;
    }

    /// What is attached: 0 for the requester id without a PASID, which cannot be named by a flag.
    private int pasid(int flags, int pasid) {
        requireGranted();
        if (group != null) {
            throw refuse(Errno.ENOTTY, "the file of a group is attached by its group");
        }
        if ((flags & ~DeviceRequests.ATTACH_PASID) != 0) {
            throw refuse(Errno.EINVAL, "unknown flags");
        }
        if ((flags & DeviceRequests.ATTACH_PASID) == 0) {
            return 0;
        }
        if (!node.ops().takesPasids()) {
            throw refuse(Errno.EOPNOTSUPP, node + " has no PASIDs");
        }
        if (pasid <= 0) {
            throw refuse(Errno.EINVAL, "PASID " + pasid);
        }
        return pasid;
    }

    @Override
    public synchronized void couple(@Nullable OpenFile newMachine) {
        machine = newMachine;
    }

    /// The device is open: for the machine that the file is coupled to now.
    private synchronized void keepMachine() {
        openedFor = machine;
        if (openedFor != null) {
            openedFor.retain();
        }
    }

    private synchronized void dropMachine() {
        if (openedFor != null) {
            openedFor.drop();
            openedFor = null;
        }
    }

    /// The machine that the file was coupled to before the device was opened; null for none.
    public synchronized @Nullable OpenFile machine() {
        return openedFor;
    }

    @Override
    public boolean isCoherent() {
        var iommu = node.iommu();
        return iommu == null || iommu.traits().coherent();
    }

    // ---- what the device does

    @Override
    public int read(long position, byte[] target, int offset, int length) {
        return inside(device -> device.read(position, target, offset, length));
    }

    @Override
    public int write(long position, byte[] source, int offset, int length) {
        return inside(device -> device.write(position, source, offset, length));
    }

    /// `mmap`, shared, of a part of a region.
    ///
    /// @param position place in this file
    /// @throws HostException EINVAL unless it is whole pages of one piece that can be mapped
    public VfioMemory mmap(long position, long length) {
        return inside(device -> device.mmap(VfioRegion.index(position), VfioRegion.offset(position), length));
    }

    private Integer setIrqs(Process caller, SetIrqsByFile request) {
        requireGranted();
        var held = new ArrayList<OpenFile>();
        try {
            List<@Nullable Eventfd> eventfds = new ArrayList<>();
            for (int fd : request.eventfds()) {
                eventfds.add(fd == -1 ? null : hold(caller, fd, held));
            }
            if (!held.isEmpty()) {
                node.host().kernel().steps().pass("vfio.set_irqs.vectors");
            }
            var resolved = new SetIrqs(
                    request.flags(), request.index(), request.start(), request.count(), request.bools(), eventfds);
            return inside(device -> device.setIrqs(resolved));
        } finally {
            held.forEach(OpenFile::drop);
        }
    }

    private static EventfdFile hold(Process caller, int fd, List<OpenFile> held) {
        var file = caller.hold(fd, EventfdFile.class, Errno.EINVAL);
        held.add(file);
        return file;
    }

    private Nothing reset(Process caller, DeviceRequests.Reset request) {
        return inside(device -> {
            if (!device.ops().canReset()) {
                throw refuse(Errno.EINVAL, node + " cannot be reset");
            }
            device.reset();
            return Nothing.DONE;
        });
    }

    private Nothing ioeventfd(Process caller, DeviceRequests.Ioeventfd request) {
        requireGranted();
        if (request.fd() < 0) {
            return inside(device -> {
                device.ioeventfds().remove(request.flags(), request.offset(), request.data());
                return Nothing.DONE;
            });
        }
        var eventfd = caller.hold(request.fd(), EventfdFile.class, Errno.EINVAL);
        try {
            return inside(device -> {
                node.host().kernel().steps().pass("vfio.ioeventfd.writer");
                device.ioeventfds().add(request.flags(), request.offset(), request.data(), eventfd);
                return Nothing.DONE;
            });
        } finally {
            eventfd.drop();
        }
    }

    private FeatureData feature(Process caller, DeviceRequests.Feature request) {
        boolean sets = (request.flags() & VfioFeature.SET) != 0;
        if (!inside(device -> device.features().check(request.flags()))) {
            return request.data();
        }
        if (sets && VfioFeatures.number(request.flags()) == VfioFeatures.MIG_DEVICE_STATE) {
            return setState(caller, VfioFeatures.as(FeatureData.DeviceState.class, request.data()));
        }
        if (sets) {
            node.host().kernel().steps().pass("vfio.feature.set");
        }
        return inside(device -> device.features().answer(request.flags(), request.data()));
    }

    /// The descriptor of a session is there before the device goes its way, so that what has been reached is not lost
    /// for want of one.
    private FeatureData setState(Process caller, FeatureData.DeviceState request) {
        var wanted = MigrationState.of(request.state());
        if (wanted == null) {
            throw refuse(Errno.EINVAL, "no state " + request.state());
        }
        if (!inside(device -> device.migration().opensSession(wanted))) {
            inside(device -> {
                device.migration().go(wanted, null);
                return true;
            });
            return new FeatureData.DeviceState(request.state(), -1);
        }
        var file = new MigrationFile(node.device());
        int fd;
        try {
            fd = caller.install(file);
        } catch (HostException e) {
            file.drop();
            throw e;
        }
        try {
            inside(device -> {
                device.migration().go(wanted, file.session());
                return true;
            });
        } catch (HostException e) {
            caller.close(fd);
            throw e;
        }
        return new FeatureData.DeviceState(request.state(), fd);
    }

    private Integer gfxDmabuf(Process caller, DeviceRequests.GetGfxDmabuf request) {
        var file = new DmaBufFile(node.strand(), inside(device -> device.getGfxDmaBuf(request.id())));
        try {
            return caller.install(file);
        } catch (HostException e) {
            file.drop();
            throw e;
        }
    }
}
