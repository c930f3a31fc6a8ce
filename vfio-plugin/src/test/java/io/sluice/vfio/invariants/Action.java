package io.sluice.vfio.invariants;

import static io.sluice.vfio.host.Errno.EBADFD;
import static io.sluice.vfio.host.Errno.EBUSY;
import static io.sluice.vfio.host.Errno.EEXIST;
import static io.sluice.vfio.host.Errno.EFAULT;
import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.EIO;
import static io.sluice.vfio.host.Errno.ENODEV;
import static io.sluice.vfio.host.Errno.ENOENT;
import static io.sluice.vfio.host.Errno.ENOTTY;
import static io.sluice.vfio.host.Errno.EOPNOTSUPP;
import static io.sluice.vfio.host.Errno.EPERM;
import static io.sluice.vfio.host.Errno.EUSERS;

import io.sluice.vfio.host.Errno;
import java.util.List;

/// The calls that the driver makes, each with the refusals that have to be seen.
enum Action {
    OPEN_IOMMUFD,
    OPEN_MEMORY,
    CREATE_VM,
    CLOSE,
    DUP,
    SEND,
    KEEP,
    FORK,
    EXEC,
    EXIT,
    IOAS_ALLOC,
    MAP_FILE(ENOENT, EEXIST, EINVAL),
    MAP(ENOENT, EEXIST),
    COPY(ENOENT, EEXIST, EPERM),
    UNMAP(ENOENT),
    HWPT_ALLOC(ENOENT, EINVAL, EOPNOTSUPP, EFAULT),
    DESTROY(ENOENT, EBUSY),
    VFIO_IOAS(ENOENT, ENODEV),
    OPEN,
    BIND(EPERM, EBUSY, ENODEV, EINVAL, EBADFD),
    ATTACH(ENOENT, EINVAL, EFAULT, ENOTTY, EOPNOTSUPP),
    ATTACH_PASID(ENOENT, EINVAL, EFAULT, ENOTTY, EOPNOTSUPP, EBUSY),
    DETACH(EINVAL, ENOTTY),
    DETACH_PASID(EINVAL, ENOTTY, EOPNOTSUPP),
    RESET(EINVAL),
    HOT_RESET(ENODEV, EINVAL),
    OPEN_GROUP(EBUSY),
    SET_CONTAINER(ENODEV, EINVAL, EBADFD),
    UNSET_CONTAINER(EBUSY, EINVAL),
    GET_DEVICE(EPERM, ENODEV, EINVAL, EOPNOTSUPP),
    PIN(ENOENT, EPERM),
    UNPIN,
    MAP_PASID(EPERM, EIO, EEXIST),
    UNMAP_PASID(ENOENT, EIO),
    DRIVER_BIND(EBUSY),
    DRIVER_UNBIND,
    SET_VFS(EBUSY),
    REMOVE_VFS,
    MDEV_CREATE(EUSERS),
    MDEV_REMOVE;

    private final List<Errno> refusals;

    Action(Errno... refusals) {
        this.refusals = List.of(refusals);
    }

    List<Errno> refusals() {
        return refusals;
    }
}
