package io.sluice.vfio.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.iommu.DeviceTraits;
import io.sluice.vfio.host.iommu.Domain;
import io.sluice.vfio.host.iommu.IommuDevice;
import io.sluice.vfio.host.iommu.IommuGroup;
import io.sluice.vfio.host.iommu.IommuUnit;
import io.sluice.vfio.host.iommu.PagingDomain;
import io.sluice.vfio.host.iommu.TableFormat;
import io.sluice.vfio.host.iommu.UnitSettings;
import io.sluice.vfio.host.memory.MemFile;
import io.sluice.vfio.host.process.Capability;
import io.sluice.vfio.host.process.Kernel;
import io.sluice.vfio.host.process.MemFileHandle;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.host.process.Request;
import io.sluice.vfio.iommufd.GetHwInfo;
import io.sluice.vfio.iommufd.IoasAlloc;
import io.sluice.vfio.iommufd.IoasIovaRanges;
import io.sluice.vfio.iommufd.IoasMap;
import io.sluice.vfio.iommufd.IoasMapFile;
import io.sluice.vfio.iommufd.IoasUnmap;
import io.sluice.vfio.iommufd.IommuDestroy;
import io.sluice.vfio.iommufd.IommuNode;
import io.sluice.vfio.iommufd.Iommufd;
import io.sluice.vfio.iommufd.IommufdDevice;
import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.address.Iova;
import io.sluice.vmm.trace.Trace;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/// A host with an IOMMU like that of the kernel's own tests: addresses from 16 MiB to 2 GiB, pages of 2 KiB, PASIDs of
/// 20 bits; and a process with an open `/dev/iommu`. When it is closed, nothing may be left over.
public final class MockWorld implements AutoCloseable {
    public static final long PAGE = 4096;
    public static final long MOCK_PAGE = 2048;
    public static final long HUGE_PAGE = 512 * MOCK_PAGE;
    public static final long APERTURE_START = 1L << 24;
    public static final long APERTURE_LAST = (1L << 31) - 1;
    public static final int PASID_BITS = 20;
    public static final int RW = IoasMap.READABLE | IoasMap.WRITEABLE;
    public static final int FIXED = IoasMap.FIXED_IOVA;

    /// Devices like the mock ones: PASIDs, page requests, writes that can be noted.
    public static final DeviceTraits PASID = new DeviceTraits(PASID_BITS, true, true, true, true, List.of());

    /// No PASIDs.
    public static final DeviceTraits PLAIN = new DeviceTraits(0, true, true, true, true, List.of());

    /// No PASIDs, and writes cannot be noted.
    public static final DeviceTraits NO_DIRTY = new DeviceTraits(0, false, true, true, true, List.of());

    private static final long LIMIT = 1L << 30;

    public final Steps steps = new Steps();
    public final Kernel kernel = new Kernel(steps, Trace.none());
    public final IommuNode node = new IommuNode(kernel);
    public final IommuUnit unit;
    public final Process process;
    public final int fd;

    private final List<IommufdDevice> bound = new ArrayList<>();
    private final List<IommuGroup> groups = new ArrayList<>();
    private final List<Runnable> closers = new ArrayList<>();
    private int devices;

    public MockWorld() {
        this(false);
    }

    /// @param huge whether the IOMMU has large pages
    public MockWorld(boolean huge) {
        this(huge, LIMIT, Set.of(Capability.SYS_RESOURCE));
    }

    public MockWorld(boolean huge, long memlock, Set<Capability> capabilities) {
        unit = newUnit("mock0", huge);
        process = kernel.start("tester", 1000, capabilities, memlock);
        fd = process.open("/dev/iommu");
    }

    /// Another IOMMU of the kind.
    public IommuUnit newUnit(String name, boolean huge) {
        var format = new TableFormat(11, 3, huge);
        var settings = new UnitSettings(
                name, format, APERTURE_START, APERTURE_LAST, true, PASID_BITS, true, true, true, true, 0x11, 0x22);
        return new IommuUnit(settings, kernel.frames(), steps);
    }

    // ---- requests

    public <R> R ioctl(Request<R> request) {
        return process.ioctl(fd, request);
    }

    /// Makes a request that has to be refused.
    public static HostException refused(Errno errno, ThrowingCallable call) {
        var refusal = catchThrowableOfType(HostException.class, call);
        assertThat(refusal).as("refused with " + errno).isNotNull();
        assertThat(refusal.errno()).as(refusal.getMessage()).isEqualTo(errno);
        return refusal;
    }

    /// Makes a request that has to be refused.
    public HostException refused(Errno errno, Request<?> request) {
        return refused(errno, () -> ioctl(request));
    }

    public Iommufd context() {
        return (Iommufd) process.file(fd);
    }

    public int newIoas() {
        return ioctl(new IoasAlloc(0));
    }

    public void destroy(int id) {
        ioctl(new IommuDestroy(id));
    }

    /// Memory of the process.
    public long buffer(long bytes) {
        return process.memory().map(bytes, true);
    }

    public long map(int ioas, long va, long length) {
        return ioctl(new IoasMap(RW, ioas, va, length, 0));
    }

    public void mapAt(int ioas, long va, long length, long iova) {
        ioctl(new IoasMap(RW | FIXED, ioas, va, length, iova));
    }

    public long unmap(int ioas, long iova, long length) {
        return ioctl(new IoasUnmap(ioas, iova, length));
    }

    /// A file of memory, open in the process.
    public int memfd(long bytes) {
        var file = MemFile.create(kernel.frames(), bytes);
        int memfd = process.install(new MemFileHandle(file));
        file.release();
        return memfd;
    }

    public MemFile file(int memfd) {
        return ((MemFileHandle) process.file(memfd)).memory();
    }

    public void mapFileAt(int ioas, int memfd, long start, long length, long iova) {
        ioctl(new IoasMapFile(RW | FIXED, ioas, memfd, start, length, iova));
    }

    // ---- devices

    /// A device in a group of its own, bound to the context.
    public IommufdDevice device(DeviceTraits traits) {
        return device(traits, unit);
    }

    public IommufdDevice device(DeviceTraits traits, IommuUnit behind) {
        return bind(add(traits, behind, group()));
    }

    public IommuGroup group() {
        var group = new IommuGroup(groups.size());
        groups.add(group);
        return group;
    }

    public IommuDevice add(DeviceTraits traits, IommuUnit behind, IommuGroup group) {
        return behind.add(new Bdf(0x100 + devices++), List.of(), group, traits);
    }

    public IommufdDevice bind(IommuDevice device) {
        var result = IommufdDevice.bind(context(), device);
        bound.add(result);
        return result;
    }

    public void unbind(IommufdDevice device) {
        bound.remove(device);
        device.unbind();
    }

    /// The domain that a device is really in.
    public static PagingDomain domain(IommufdDevice device) {
        return (PagingDomain) device.iommu().group().domain(0);
    }

    public GetHwInfo.Answer info(IommufdDevice device) {
        return ioctl(new GetHwInfo(0, device.id(), 0));
    }

    /// Does something before the world is closed.
    public void onClose(Runnable action) {
        closers.add(action);
    }

    // ---- what is left over

    /// Bytes that are pinned in all of the host.
    public long pinned() {
        return kernel.frames().pinned();
    }

    /// Everything of the host that can be seen from outside, as text.
    public String snapshot() {
        var text = new StringBuilder();
        text.append("pinned ").append(pinned());
        for (var each : kernel.processes()) {
            text.append("\n")
                    .append(each.pid())
                    .append(" VmPin ")
                    .append(each.memory().pinnedPages());
            text.append(" VmLck ").append(each.memory().lockedPages());
            text.append(" user ").append(each.user().lockedPages());
            text.append(" files ").append(each.descriptors());
        }
        text.append("\nobjects ").append(context().objectCount());
        int next = newIoas();
        destroy(next);
        text.append(", next ").append(next);
        for (int id = 1; id < next + 8; id++) {
            text.append(ranges(id));
        }
        for (var group : groups) {
            text.append("\n").append(group).append(group.owner() == null ? " free" : " owned");
            for (int pasid : new int[] {0, 1, 2, 3, 100}) {
                text.append("\n  ").append(pasid).append(": ").append(contents(group.domain(pasid)));
            }
        }
        return text.toString();
    }

    private String ranges(int id) {
        try {
            return "\nIOAS " + id + ": " + ioctl(new IoasIovaRanges(id, 100));
        } catch (HostException e) {
            return "";
        }
    }

    /// Which pages at the beginning of the aperture a domain has.
    private static String contents(Domain domain) {
        var text = new StringBuilder(domain.getClass().getSimpleName());
        if (domain instanceof PagingDomain paging) {
            text.append(" of ").append(paging.attachments());
            for (int page = 0; page < 256; page++) {
                long frame = paging.frameAt(new Iova(APERTURE_START + page * MOCK_PAGE));
                if (frame != -1) {
                    text.append(' ').append(page).append('=').append(Long.toHexString(frame));
                }
            }
        }
        return text.toString();
    }

    @Override
    public void close() {
        steps.disarm();
        closers.reversed().forEach(Runnable::run);
        List.copyOf(bound).forEach(this::unbind);
        var memory = process.memory();
        kernel.processes().forEach(Process::exit);

        assertThat(pinned()).as("pinned bytes").isZero();
        assertThat(process.user().lockedPages()).as("pages charged to the user").isZero();
        assertThat(memory.pinnedPages()).as("VmPin").isZero();
        assertThat(memory.lockedPages()).as("VmLck").isZero();
        assertThat(groups).allSatisfy(group -> assertThat(group.owner()).isNull());
        kernel.close();
    }
}
