package io.sluice.vfio.entry;

import io.sluice.vfio.host.memory.MemFile;
import io.sluice.vfio.host.process.MemFileHandle;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.iommufd.IoasAlloc;
import io.sluice.vfio.iommufd.IoasMap;
import io.sluice.vfio.iommufd.IoasMapFile;
import io.sluice.vfio.vfio.DeviceRequests.AttachIommufdPt;
import io.sluice.vfio.vfio.DeviceRequests.BindIommufd;
import io.sluice.vfio.vfio.VfioDevice;
import io.sluice.vfio.vfio.VfioDeviceFile;
import io.sluice.vmm.bus.Mapping;
import java.util.List;
import java.util.Set;

/// One machine as a process of its host: it opens files there, and has no other way to a device. On the machine's
/// thread.
public final class MachineProcess {
    private static final int USER = 1000;

    private final Process process;

    MachineProcess(SimulatedHost host) {
        process = host.kernel().start("sluice", USER, Set.of(), Long.MAX_VALUE);
    }

    /// The process, for those who make requests of their own.
    public Process process() {
        return process;
    }

    /// An iommufd with one IOAS that maps the guest's RAM where the guest finds it.
    ///
    /// @param iommufd its descriptor
    /// @param ioas the IOAS' id
    /// @param memory descriptor of the RAM's file
    record Iommufd(int iommufd, int ioas, int memory) {}

    /// @throws HostException if it cannot be had; then nothing is left
    Iommufd open(List<Mapping.Ram> ram) {
        int iommufd = process.open("/dev/iommu");
        int memory = -1;
        boolean done = false;
        try {
            int ioas = process.ioctl(iommufd, new IoasAlloc(0));
            memory = share(ram);
            int flags = IoasMap.FIXED_IOVA | IoasMap.READABLE | IoasMap.WRITEABLE;
            for (var piece : ram) {
                long length = piece.last() - piece.first() + 1;
                process.ioctl(iommufd, new IoasMapFile(flags, ioas, memory, piece.offset(), length, piece.first()));
            }
            done = true;
            return new Iommufd(iommufd, ioas, memory);
        } finally {
            if (!done) {
                process.close(iommufd);
                if (memory >= 0) {
                    process.close(memory);
                }
            }
        }
    }

    /// All of a guest's RAM is one file.
    private int share(List<Mapping.Ram> ram) {
        var file = MemFile.of(process.kernel().frames(), ram.getFirst().ram());
        try {
            return process.install(new MemFileHandle(file));
        } finally {
            file.release();
        }
    }

    void close(Iommufd opened) {
        close(opened.iommufd);
        close(opened.memory);
    }

    /// A process that has been ended has taken its files along.
    private void close(int fd) {
        if (!process.hasEnded()) {
            process.close(fd);
        }
    }

    /// A device that was opened, bound and attached.
    record Opened(int fd, VfioDevice device) {}

    /// @param node its device node
    /// @throws HostException if it cannot be had; then nothing is left
    Opened open(String node, Iommufd iommufd) {
        int fd = process.open(node);
        boolean done = false;
        try {
            process.ioctl(fd, new BindIommufd(iommufd.iommufd));
            process.ioctl(fd, new AttachIommufdPt(iommufd.ioas));
            var file = (VfioDeviceFile) process.file(fd);
            done = true;
            return new Opened(fd, file.device());
        } finally {
            if (!done) {
                process.close(fd);
            }
        }
    }

    void close(Opened device) {
        close(device.fd);
    }
}
