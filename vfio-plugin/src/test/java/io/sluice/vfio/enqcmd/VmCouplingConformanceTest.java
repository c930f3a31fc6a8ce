package io.sluice.vfio.enqcmd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sluice.vfio.enqcmd.VmRequests.CreateDevice;
import io.sluice.vfio.enqcmd.VmRequests.HasDeviceAttr;
import io.sluice.vfio.enqcmd.VmRequests.MapPasid;
import io.sluice.vfio.enqcmd.VmRequests.SetDeviceAttr;
import io.sluice.vfio.enqcmd.VmRequests.UnmapPasid;
import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.iommu.DeviceTraits;
import io.sluice.vfio.host.iommu.IommuDevice;
import io.sluice.vfio.host.iommu.IommuGroup;
import io.sluice.vfio.host.iommu.IommuUnit;
import io.sluice.vfio.host.iommu.UnitSettings;
import io.sluice.vfio.host.process.Kernel;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.iommufd.HwptAlloc;
import io.sluice.vfio.iommufd.IoasAlloc;
import io.sluice.vfio.iommufd.IommuNode;
import io.sluice.vfio.vfio.DeviceRequests.AttachIommufdPt;
import io.sluice.vfio.vfio.DeviceRequests.BindIommufd;
import io.sluice.vfio.vfio.DeviceRequests.DetachIommufdPt;
import io.sluice.vfio.vfio.DeviceSet;
import io.sluice.vfio.vfio.GroupRequests.GetDeviceFd;
import io.sluice.vfio.vfio.GroupRequests.SetContainer;
import io.sluice.vfio.vfio.IommufdBinder;
import io.sluice.vfio.vfio.VfioDeviceFile;
import io.sluice.vfio.vfio.VfioDeviceOps;
import io.sluice.vfio.vfio.VfioHost;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vfio.vfio.VfioNode;
import io.sluice.vfio.vfio.VfioRegion;
import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.address.Pasid;
import io.sluice.vmm.testkit.DirectLoop;
import io.sluice.vmm.trace.Trace;
import java.util.List;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A machine and the files of vfio, as the kernel's VFIO device of KVM has them; and PASIDs from the device's file to
/// the vCPU.
@Timeout(120)
class VmCouplingConformanceTest {
    private static final String NAME = "0000:01:00.0";

    private final Steps steps = new Steps();
    private final Kernel kernel = new Kernel(steps, Trace.none());
    private final IommuUnit unit = new IommuUnit(UnitSettings.vtd("dmar0"), kernel.frames(), steps);
    private final VfioHost vfio = new VfioHost(kernel, new IommufdBinder());
    private final Process process = kernel.start("vmm", 1000, Set.of(), 1 << 20);
    private final VmFile machine = new VmFile(process);
    private final int vm = process.install(machine);
    private final int iommufd = process.install(new IommuNode(kernel).open());
    private final Queue queue = new Queue(device(NAME, true));
    private final VfioNode node = vfio.register(NAME, queue, new DirectLoop().strand(), DeviceSet.alone());

    private IommuDevice device(String name, boolean coherent) {
        return unit.add(
                Bdf.parse(name),
                List.of(),
                new IommuGroup(9 + Bdf.parse(name).device()),
                new DeviceTraits(20, true, false, false, coherent, List.of()));
    }

    private static final class Queue implements VfioDeviceOps {
        private final IommuDevice iommu;
        Runnable onDetach = () -> {};

        Queue(IommuDevice iommu) {
            this.iommu = iommu;
        }

        @Override
        public IommuDevice iommu() {
            return iommu;
        }

        @Override
        public void detached(int pasid) {
            onDetach.run();
        }

        @Override
        public List<VfioRegion> regions() {
            return List.of(VfioRegion.trapped(16));
        }

        @Override
        public int vectors(VfioIrq irq) {
            return 0;
        }

        @Override
        public long read(int region, long offset, int size) {
            return 0;
        }

        @Override
        public void write(int region, long offset, int size, long value) {}

        @Override
        public void reset() {}
    }

    @AfterEach
    void close() {
        kernel.close();
    }

    private static void refused(Errno errno, ThrowingCallable call) {
        var refused = catchThrowableOfType(HostException.class, call);
        assertThat(refused).as("refused with " + errno).isNotNull();
        assertThat(refused.errno()).isEqualTo(errno);
    }

    private int couple() {
        return process.ioctl(vm, new CreateDevice(VmRequests.DEVICE_TYPE_VFIO));
    }

    private void add(int coupling, int fd) {
        process.ioctl(coupling, new SetDeviceAttr(VmRequests.GROUP_FILE, VmRequests.FILE_ADD, fd));
    }

    private void delete(int coupling, int fd) {
        process.ioctl(coupling, new SetDeviceAttr(VmRequests.GROUP_FILE, VmRequests.FILE_DEL, fd));
    }

    private VfioDeviceFile file(int fd) {
        return (VfioDeviceFile) process.file(fd);
    }

    @Test
    void aMachineIsCoupledOnce() {
        int coupling = couple();

        refused(Errno.EBUSY, this::couple);
        refused(Errno.ENODEV, () -> process.ioctl(vm, new CreateDevice(5)));
        process.close(coupling);
        assertThat(couple()).isPositive();
    }

    @Test
    void filesAreAddedOnceAndDeletedOnce() {
        int coupling = couple();
        int fd = process.open(node.path());

        refused(Errno.EBADF, () -> add(coupling, 900));
        refused(Errno.EBADF, () -> add(coupling, -1));
        refused(Errno.EINVAL, () -> add(coupling, iommufd));
        refused(Errno.ENOENT, () -> delete(coupling, fd));
        add(coupling, fd);
        refused(Errno.EEXIST, () -> add(coupling, fd));
        delete(coupling, fd);
        refused(Errno.ENOENT, () -> delete(coupling, fd));
        refused(Errno.ENXIO, () -> process.ioctl(coupling, new SetDeviceAttr(2, 1, fd)));
        refused(Errno.ENXIO, () -> process.ioctl(coupling, new SetDeviceAttr(1, 3, fd)));
        refused(Errno.ENXIO, () -> process.ioctl(coupling, new HasDeviceAttr(1, 9)));
        process.ioctl(coupling, new HasDeviceAttr(1, 2));
    }

    @Test
    void aDeviceTakesTheMachineThatWasThereWhenItWasBound() {
        int coupling = couple();
        int before = process.open(node.path());
        add(coupling, before);
        process.ioctl(before, new BindIommufd(iommufd));
        assertThat(file(before).machine()).isSameAs(machine);

        delete(coupling, before);
        assertThat(file(before).machine()).isSameAs(machine);
        process.close(before);

        int after = process.open(node.path());
        process.ioctl(after, new BindIommufd(iommufd));
        add(coupling, after);
        assertThat(file(after).machine()).isNull();
    }

    @Test
    void theDevicesOfAGroupTakeTheMachineOfItsFile() {
        int coupling = couple();
        int group = process.open(node.group().path());
        add(coupling, group);
        process.ioctl(group, new SetContainer(iommufd));

        int fd = process.ioctl(group, new GetDeviceFd(NAME));

        assertThat(file(fd).machine()).isSameAs(machine);
    }

    @Test
    void aDeviceKeepsItsMachineUntilItIsClosed() {
        int coupling = couple();
        int fd = process.open(node.path());
        add(coupling, fd);
        process.ioctl(fd, new BindIommufd(iommufd));

        process.close(vm);
        process.close(coupling);
        assertThat(machine.isReleased()).isFalse();

        process.close(fd);
        assertThat(machine.isReleased()).isTrue();
    }

    @Test
    void theCouplingHoldsTheFiles() {
        int coupling = couple();
        int fd = process.open(node.path());
        var file = process.file(fd);
        add(coupling, fd);

        process.close(fd);
        assertThat(file.isReleased()).isFalse();
        process.close(coupling);
        assertThat(file.isReleased()).isTrue();
    }

    @Test
    void dmaThatPassesTheCachesIsCounted() {
        var other = vfio.register(
                "0000:01:01.0", new Queue(device("0000:01:01.0", false)), new DirectLoop().strand(), DeviceSet.alone());
        int coupling = couple();
        int fd = process.open(other.path());

        add(coupling, fd);
        assertThat(machine.hasIncoherentDma()).isTrue();
        delete(coupling, fd);
        assertThat(machine.hasIncoherentDma()).isFalse();
        add(coupling, fd);
        process.close(coupling);
        assertThat(machine.hasIncoherentDma()).isFalse();
    }

    // ---- PASIDs from end to end

    private int attach(int fd, int device, int pasid) {
        int ioas = process.ioctl(iommufd, new IoasAlloc(0));
        int table = process.ioctl(iommufd, HwptAlloc.plain(HwptAlloc.ALLOC_PASID, device, ioas));
        return process.ioctl(fd, new AttachIommufdPt(1, table, pasid));
    }

    @Test
    void aGuestsPasidStandsForOneThatWasAttachedAndGoesBeforeItIsDetached() {
        int fd = process.open(node.path());
        int device = process.ioctl(fd, new BindIommufd(iommufd));
        var vcpu = machine.pasids().newUnit();
        refused(Errno.EPERM, () -> process.ioctl(vm, new MapPasid(3, 70)));
        attach(fd, device, 70);
        process.ioctl(vm, new MapPasid(3, 70));
        assertThat(vcpu.translate(3)).isEqualTo(70);
        int[] seen = {70};
        queue.onDetach = () -> seen[0] = vcpu.translate(3);

        process.ioctl(fd, new DetachIommufdPt(1, 70));

        assertThat(seen[0]).isEqualTo(EnqcmdUnit.MISS);
        refused(Errno.EPERM, () -> process.ioctl(vm, new MapPasid(3, 70)));
    }

    @Test
    void closingTheDeviceOrTheProcessTakesThePasids() {
        int fd = process.open(node.path());
        int device = process.ioctl(fd, new BindIommufd(iommufd));
        attach(fd, device, 70);
        process.ioctl(vm, new MapPasid(3, 70));

        process.close(fd);

        assertThat(machine.pasids().find(3)).isEqualTo(EnqcmdUnit.MISS);
        assertThat(process.pasids().isAuthorized(new Pasid(70))).isFalse();
    }

    @Test
    void nobodyElseMapsPasidsOfTheMachine() {
        int fd = process.open(node.path());
        int device = process.ioctl(fd, new BindIommufd(iommufd));
        attach(fd, device, 70);
        var other = kernel.start("other", 1000, Set.of(), 0);
        int passed = process.send(vm, other);

        refused(Errno.EIO, () -> other.ioctl(passed, new MapPasid(3, 70)));
        refused(Errno.EIO, () -> other.ioctl(passed, new UnmapPasid(3)));
        refused(Errno.EIO, () -> other.ioctl(passed, new CreateDevice(VmRequests.DEVICE_TYPE_VFIO)));
        refused(Errno.EIO, () -> process.fork().ioctl(vm, new MapPasid(3, 70)));
        refused(Errno.EINVAL, () -> process.ioctl(vm, new MapPasid(3, 1 << 20)));
        refused(Errno.ENOENT, () -> process.ioctl(vm, new UnmapPasid(3)));
    }

    @Test
    void twoWhoAttachedThroughOneFileAreBothAuthorised() {
        int fd = process.open(node.path());
        int device = process.ioctl(fd, new BindIommufd(iommufd));
        int table = attach(fd, device, 70);
        var other = kernel.start("other", 1000, Set.of(), 0);
        int passed = process.send(fd, other);

        assertThat(other.pasids().isAuthorized(new Pasid(70))).isFalse();
        other.ioctl(passed, new AttachIommufdPt(1, table, 70));
        assertThat(other.pasids().isAuthorized(new Pasid(70))).isTrue();
        process.ioctl(fd, new DetachIommufdPt(1, 70));
        assertThat(other.pasids().isAuthorized(new Pasid(70))).isFalse();
    }

    /// A live update by exec keeps the files, and asks again for what the old program had.
    @Test
    void anotherProgramOfTheProcessAsksForItsPasidsAgain() {
        int fd = process.open(node.path());
        int device = process.ioctl(fd, new BindIommufd(iommufd));
        int table = attach(fd, device, 70);
        process.keepOnExec(fd);
        process.exec("vmm-2");
        assertThat(process.pasids().isAuthorized(new Pasid(70))).isFalse();

        process.ioctl(fd, new AttachIommufdPt(1, table, 70));

        assertThat(process.pasids().isAuthorized(new Pasid(70))).isTrue();
        process.close(fd);
        assertThat(process.pasids().isAuthorized(new Pasid(70))).isFalse();
    }

    @Test
    void aDeviceThatTheOldProgramAttachedTakesNothingFromTheNewOne() {
        var second = vfio.register(
                "0000:01:01.0", new Queue(device("0000:01:01.0", true)), new DirectLoop().strand(), DeviceSet.alone());
        int old = process.open(node.path());
        int fresh = process.open(second.path());
        int table = attach(old, process.ioctl(old, new BindIommufd(iommufd)), 70);
        process.ioctl(fresh, new BindIommufd(iommufd));
        process.keepOnExec(old);
        process.keepOnExec(fresh);
        process.keepOnExec(vm);
        process.exec("vmm-2");
        process.ioctl(fresh, new AttachIommufdPt(1, table, 70));
        process.ioctl(vm, new MapPasid(3, 70));

        process.close(old);

        assertThat(machine.pasids().find(3)).isEqualTo(70);
        process.close(fresh);
        assertThat(machine.pasids().find(3)).isEqualTo(EnqcmdUnit.MISS);
    }

    @Test
    void anotherProgramsAttachIsAGrantOfItsOwn() {
        var second = vfio.register(
                "0000:01:01.0", new Queue(device("0000:01:01.0", true)), new DirectLoop().strand(), DeviceSet.alone());
        int one = process.open(node.path());
        int two = process.open(second.path());
        int table = attach(one, process.ioctl(one, new BindIommufd(iommufd)), 70);
        process.ioctl(two, new BindIommufd(iommufd));
        process.keepOnExec(one);
        process.keepOnExec(two);
        process.exec("vmm-2");
        process.ioctl(two, new AttachIommufdPt(1, table, 70));
        process.ioctl(one, new AttachIommufdPt(1, table, 70));

        process.close(two);

        assertThat(process.pasids().isAuthorized(new Pasid(70))).isTrue();
        process.close(one);
        assertThat(process.pasids().isAuthorized(new Pasid(70))).isFalse();
    }
}
