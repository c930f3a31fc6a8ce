package io.sluice.vfio.enqcmd;

import io.sluice.vfio.host.process.Nothing;
import io.sluice.vfio.host.process.Request;

/// The requests of a machine's file, and of its coupling with vfio.
public final class VmRequests {
    /// The kind of device that couples a machine with vfio.
    public static final int DEVICE_TYPE_VFIO = 4;

    /// The one group of attributes that it has.
    public static final int GROUP_FILE = 1;

    public static final int FILE_ADD = 1;
    public static final int FILE_DEL = 2;

    private VmRequests() {}

    /// KVM_CREATE_DEVICE. Answers a descriptor.
    public record CreateDevice(int type) implements Request<Integer> {}

    /// KVM_SET_DEVICE_ATTR.
    ///
    /// @param fd the file of a group or of a device
    public record SetDeviceAttr(int group, int attribute, int fd) implements Request<Nothing> {}

    /// KVM_HAS_DEVICE_ATTR.
    public record HasDeviceAttr(int group, int attribute) implements Request<Nothing> {}

    /// Lets a PASID of the guest stand for one of the process'. Linux has no such request yet.
    public record MapPasid(int guest, int host) implements Request<Nothing> {}

    /// Takes that back.
    public record UnmapPasid(int guest) implements Request<Nothing> {}
}
