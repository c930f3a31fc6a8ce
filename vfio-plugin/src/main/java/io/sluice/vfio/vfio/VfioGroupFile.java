package io.sluice.vfio.vfio;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.process.Nothing;
import io.sluice.vfio.host.process.OpenFile;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.host.process.RequestTable;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The open file of a group: a container for it, then its devices. Lasts until its devices' files are closed too. Any
/// thread.
public final class VfioGroupFile extends OpenFile implements VfioFile {
    private static final RequestTable<VfioGroupFile> REQUESTS = RequestTable.of("vfio-group", VfioGroupFile.class)
            .on("VFIO_GROUP_GET_STATUS", GroupRequests.GetStatus.class, (file, caller, request) -> file.status())
            .on("VFIO_GROUP_SET_CONTAINER", GroupRequests.SetContainer.class, VfioGroupFile::setContainer)
            .on(
                    "VFIO_GROUP_UNSET_CONTAINER",
                    GroupRequests.UnsetContainer.class,
                    (file, caller, request) -> file.unsetContainer())
            .on("VFIO_GROUP_GET_DEVICE_FD", GroupRequests.GetDeviceFd.class, VfioGroupFile::openDevice);

    private static final String TOKEN = " vf_token=";

    private final VfioGroup group;
    private @Nullable GroupContainer container;
    private int openDevices;
    private volatile @Nullable OpenFile machine;

    VfioGroupFile(VfioGroup group) {
        this.group = group;
    }

    VfioGroup group() {
        return group;
    }

    @Override
    public RequestTable<?> requests() {
        return REQUESTS;
    }

    /// None of its devices is open any more, for each holds it.
    @Override
    protected void released() {
        GroupContainer left;
        synchronized (this) {
            left = container;
            container = null;
        }
        if (left != null) {
            left.leave(group);
            left.hold(false);
        }
        group.closed();
    }

    private synchronized int status() {
        if (container != null) {
            return GroupRequests.VIABLE | GroupRequests.CONTAINER_SET;
        }
        return group.isViable() ? GroupRequests.VIABLE : 0;
    }

    private Nothing setContainer(Process caller, GroupRequests.SetContainer request) {
        if (request.container() < 0) {
            throw refuse(Errno.EBADF, "descriptor " + request.container());
        }
        var file = caller.hold(request.container());
        try {
            synchronized (this) {
                if (container != null) {
                    throw refuse(Errno.EINVAL, group + " has a container");
                }
                if (group.members().isEmpty()) {
                    throw refuse(Errno.ENODEV, group + " has no device");
                }
                var joined = container(file);
                joined.join(group);
                joined.hold(true);
                container = joined;
            }
        } finally {
            file.drop();
        }
        return Nothing.DONE;
    }

    private GroupContainer container(OpenFile file) {
        if (file instanceof GroupContainer real) {
            return real;
        }
        if (group.host().binder().isIommufd(file)) {
            return new IommufdContainer(group.host().binder(), file);
        }
        throw refuse(Errno.EBADFD, "neither a container nor an iommufd");
    }

    private Nothing unsetContainer() {
        GroupContainer left;
        synchronized (this) {
            if (container == null) {
                throw refuse(Errno.EINVAL, group + " has no container");
            }
            if (openDevices > 0) {
                throw refuse(Errno.EBUSY, "devices of " + group + " are open");
            }
            left = container;
            container = null;
        }
        left.leave(group);
        left.hold(false);
        return Nothing.DONE;
    }

    /// The container, which stays until [#dropDevice].
    private synchronized GroupContainer holdDevice() {
        if (container == null || !container.isReady()) {
            throw refuse(Errno.EINVAL, group + " has no container, or one without an IOMMU");
        }
        openDevices++;
        return container;
    }

    private synchronized void dropDevice() {
        openDevices--;
    }

    private Integer openDevice(Process caller, GroupRequests.GetDeviceFd request) {
        int token = request.name().indexOf(TOKEN);
        var node = group.find(token < 0 ? request.name() : request.name().substring(0, token));
        if (node == null) {
            throw refuse(Errno.ENODEV, "'" + request.name() + "' is not in " + group);
        }
        Inside.requireOutside(node.strand());
        var uuid = token < 0 ? null : parse(request.name().substring(token + TOKEN.length()));
        var into = holdDevice();
        try {
            synchronized (node.set()) {
                open(node, into, uuid);
            }
        } catch (HostException e) {
            dropDevice();
            throw e;
        }
        retain();
        var file = new VfioDeviceFile(node, this);
        try {
            return caller.install(file);
        } catch (HostException e) {
            file.drop();
            throw e;
        }
    }

    private static void open(VfioNode node, GroupContainer into, @Nullable UUID token) {
        Inside.run(node.strand(), () -> node.ops().checkToken(token));
        boolean first = !node.isOpen();
        node.open(false, into::bind);
        if (first && node.binding() != null) {
            try {
                node.attachCompat();
            } catch (HostException e) {
                node.close();
                throw e;
            }
        }
    }

    private UUID parse(String text) {
        try {
            return UUID.fromString(text);
        } catch (IllegalArgumentException e) {
            throw new HostException(Errno.EINVAL, "'" + text + "' is no UUID");
        }
    }

    /// The file of a device is closed.
    void deviceClosed(VfioNode node) {
        synchronized (node.set()) {
            node.close();
        }
        dropDevice();
        drop();
        node.settle();
    }

    @Override
    public void couple(@Nullable OpenFile newMachine) {
        machine = newMachine;
    }

    @Nullable
    OpenFile machine() {
        return machine;
    }

    @Override
    public boolean isCoherent() {
        for (var node : group.members()) {
            var iommu = node.iommu();
            if (iommu != null && !iommu.traits().coherent()) {
                return false;
            }
        }
        return true;
    }
}
