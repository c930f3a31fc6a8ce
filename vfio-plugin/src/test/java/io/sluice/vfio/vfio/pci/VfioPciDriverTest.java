package io.sluice.vfio.vfio.pci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.iommu.IommuGroup;
import io.sluice.vfio.host.models.HostModels;
import io.sluice.vfio.host.pci.HostConfig;
import io.sluice.vfio.host.pci.HostFunction;
import io.sluice.vfio.host.pci.HostPci;
import io.sluice.vfio.host.process.Kernel;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.host.process.Request;
import io.sluice.vfio.iommufd.IoasAlloc;
import io.sluice.vfio.iommufd.IoasMap;
import io.sluice.vfio.iommufd.IoasUnmap;
import io.sluice.vfio.iommufd.IommuNode;
import io.sluice.vfio.testkit.Copier;
import io.sluice.vfio.vfio.DeviceRequests;
import io.sluice.vfio.vfio.EventfdFile;
import io.sluice.vfio.vfio.FeatureData;
import io.sluice.vfio.vfio.IommufdBinder;
import io.sluice.vfio.vfio.VfioFeature;
import io.sluice.vfio.vfio.VfioHost;
import io.sluice.vfio.vfio.VfioIrq;
import io.sluice.vfio.vfio.VfioRegion;
import io.sluice.vmm.testkit.DirectLoop;
import io.sluice.vmm.trace.Trace;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The driver vfio-pci from the side of a process: device files, iommufd, memory, interrupts.
@Timeout(120)
class VfioPciDriverTest {
    private static final String HOST = """
            {"functions": [
              {"name": "rp0", "type": "root-port", "acs": true},
              {"name": "copier0", "type": "endpoint", "behind": "rp0", "device": "copier", "sriov": {"total": 2}},
              {"name": "rp1", "type": "root-port", "acs": true},
              {"name": "copier1", "type": "endpoint", "behind": "rp1", "device": "copier"}]}
            """;
    private static final long MEMORY = 1 << 20;
    private static final long IOVA = 0x4000_0000L;

    private final Steps steps = new Steps();
    private final Kernel kernel = new Kernel(steps, Trace.none());
    private final VfioHost vfio = new VfioHost(kernel, new IommufdBinder());
    private final DirectLoop loop = new DirectLoop();
    private final Process process = kernel.start("vmm", 1000, Set.of(), 64L << 20);
    private final HostPci host;
    private final VfioPciDriver driver;
    private int groups;

    VfioPciDriverTest() {
        new IommuNode(kernel);
        host = new HostPci(
                HostConfig.read(HOST),
                new HostPci.Ground(
                        kernel.frames(),
                        steps,
                        loop::strand,
                        new HostModels(name -> null).with("copier", Copier::make),
                        () -> new IommuGroup(groups++),
                        Trace.none()));
        driver = new VfioPciDriver(host, vfio);
        host.drivers().register(driver, host.functions());
    }

    @AfterEach
    void close() {
        process.exit();
        host.close();
        kernel.close();
    }

    private HostFunction at(String name) {
        var function = host.find(name);
        if (function == null) {
            throw new AssertionError("no function " + name);
        }
        return function;
    }

    private HostFunction bind(String name) {
        var function = at(name);
        host.drivers().override(function, VfioPciDriver.NAME);
        host.drivers().bind(function, VfioPciDriver.NAME);
        return function;
    }

    private String path(HostFunction function) {
        return VfioHost.DEVICES + function.vfioNumber();
    }

    private <R> R ask(int fd, Request<R> request) {
        return process.ioctl(fd, request);
    }

    private void write(int device, long at, long value) {
        var bytes = new byte[8];
        for (int i = 0; i < 8; i++) {
            bytes[i] = (byte) (value >> 8 * i);
        }
        process.file(device).write(at, bytes, 0, 8);
    }

    private long read(int device, long at, int size) {
        var bytes = new byte[size];
        process.file(device).read(at, bytes, 0, size);
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (bytes[i] & 0xFFL) << 8 * i;
        }
        return value;
    }

    private void master(int device) {
        long command = VfioRegion.fileOffset(VfioRegion.CONFIG) + 4;
        process.file(device).write(command, new byte[] {6, 0}, 0, 2);
    }

    private static Errno refusal(Runnable call) {
        var refused = catchThrowableOfType(HostException.class, call::run);
        assertThat(refused).isNotNull();
        return refused.errno();
    }

    @Test
    void nothingIsTakenUnasked() {
        assertThat(at("copier0").driver()).isNull();
        assertThat(refusal(() -> host.drivers().bind(at("copier0"), VfioPciDriver.NAME)))
                .isEqualTo(Errno.ENODEV);
    }

    @Test
    void aProcessDrivesAFunctionByItsFile() {
        var function = bind("copier0");
        int device = process.open(path(function));
        int iommufd = process.open("/dev/iommu");
        ask(device, new DeviceRequests.BindIommufd(iommufd));
        int ioas = ask(iommufd, new IoasAlloc(0));
        long memory = process.memory().map(MEMORY, true);
        process.memory().write(memory, new byte[] {1, 2, 3, 4}, 0, 4);
        ask(iommufd, new IoasMap(7, ioas, memory, MEMORY, IOVA));
        ask(device, new DeviceRequests.AttachIommufdPt(ioas));
        int eventfd = process.install(new EventfdFile());
        ask(device, DeviceRequests.SetIrqsByFile.trigger(VfioIrq.MSIX, 0, List.of(eventfd)));
        master(device);

        write(device, Copier.SOURCE, IOVA);
        write(device, Copier.DESTINATION, IOVA + 0x1000);
        write(device, Copier.LENGTH, 4);
        write(device, Copier.COPY, 1);
        long done = read(device, Copier.STATUS, 8);
        ask(iommufd, new IoasUnmap(ioas, IOVA, MEMORY));
        write(device, Copier.COPY, 1);

        var copied = new byte[4];
        process.memory().read(memory + 0x1000, copied, 0, 4);
        assertThat(copied).containsExactly(1, 2, 3, 4);
        assertThat(done).isEqualTo(Copier.DONE);
        assertThat(read(device, Copier.STATUS, 8)).isEqualTo(Copier.FAILED);
        assertThat(((EventfdFile) process.file(eventfd)).take()).isEqualTo(1);
    }

    @Test
    void afterTheDriverIsGoneItsUserHasAFileBehindWhichNothingIs() {
        var function = bind("copier0");
        int device = process.open(path(function));
        int iommufd = process.open("/dev/iommu");
        ask(device, new DeviceRequests.BindIommufd(iommufd));
        int eventfd = process.install(new EventfdFile());
        ask(device, DeviceRequests.SetIrqsByFile.trigger(VfioIrq.REQ, 0, List.of(eventfd)));

        host.drivers().unbind(function);

        assertThat(((EventfdFile) process.file(eventfd)).take()).isEqualTo(1);
        assertThat(refusal(() -> read(device, 0, 8))).isEqualTo(Errno.EIO);
        assertThat(read(device, VfioRegion.fileOffset(VfioRegion.CONFIG), 4)).isEqualTo(0xFFFF_FFFFL);
        assertThat(refusal(() -> ask(device, DeviceRequests.SetIrqsByFile.trigger(VfioIrq.MSIX, 0, List.of(eventfd)))))
                .isEqualTo(Errno.ENODEV);
        assertThat(function.configRead(0, 4)).isEqualTo(0xC0B1_1234);
        process.close(device);
        process.close(iommufd);
        bind("copier0");
    }

    @Test
    void unpluggingWithAnOpenFileLeavesNothingBehind() {
        var function = bind("copier1");
        int device = process.open(path(function));
        int iommufd = process.open("/dev/iommu");
        ask(device, new DeviceRequests.BindIommufd(iommufd));
        ask(device, DeviceRequests.SetIrqsByFile.trigger(VfioIrq.MSIX, 0, List.of(process.install(new EventfdFile()))));

        host.unplug(function);
        boolean quiet = host.vectors().used() == 0;
        process.close(device);

        assertThat(quiet).isTrue();
        assertThat(vfio.nodes()).isEmpty();
    }

    /// vfio_pci_sriov_uapi: virtual functions of a physical one that vfio-pci has need its token.
    @Test
    void aVirtualFunctionNeedsThePhysicalOnesToken() {
        var physical = bind("copier0");
        host.setNumVfs(physical, 2);
        var virtual = physical.virtuals().getFirst();
        host.drivers().override(virtual, VfioPciDriver.NAME);
        host.drivers().bind(virtual, VfioPciDriver.NAME);
        int iommufd = process.open("/dev/iommu");
        var token = UUID.fromString("83b8f4f2-509f-382f-3c1e-e6bfe0fa1001");
        int pf = process.open(path(physical));
        ask(pf, new DeviceRequests.BindIommufd(iommufd));
        ask(pf, new DeviceRequests.Feature(VfioFeature.SET, new FeatureData.VfToken(token)));
        int vf = process.open(path(virtual));

        var without = refusal(() -> ask(vf, new DeviceRequests.BindIommufd(iommufd)));
        var wrong = refusal(
                () -> ask(vf, new DeviceRequests.BindIommufd(DeviceRequests.BIND_TOKEN, iommufd, UUID.randomUUID())));
        process.close(pf);
        ask(vf, new DeviceRequests.BindIommufd(DeviceRequests.BIND_TOKEN, iommufd, token));
        int again = process.open(path(physical));
        var physicalWithout = refusal(() -> ask(again, new DeviceRequests.BindIommufd(iommufd)));
        ask(again, new DeviceRequests.BindIommufd(DeviceRequests.BIND_TOKEN, iommufd, token));

        assertThat(List.of(without, wrong, physicalWithout)).containsOnly(Errno.EACCES);
    }

    @Test
    void aVirtualFunctionShowsItsPhysicalOnesIdsAndBars() {
        var physical = bind("copier0");
        host.setNumVfs(physical, 2);
        var virtual = physical.virtuals().get(1);
        var device = VfioPciDevice.bind(virtual, VfioPciDevice.Place.of(host, virtual, steps));
        var seen = new io.sluice.vfio.vfio.VfioDevice(device, virtual.pci().strand());
        device.opened(seen.interrupts());

        assertThat(seen.load(VfioRegion.CONFIG, 0, 4)).isEqualTo(0xC0B1_1234L);
        assertThat(virtual.configRead(0, 4)).isEqualTo(-1);
        assertThat(seen.regionInfo(0).size()).isEqualTo(8192);
        seen.store(VfioRegion.CONFIG, 0x10, 4, 0xFFFF_FFFFL);
        assertThat(seen.load(VfioRegion.CONFIG, 0x10, 4)).isEqualTo(0xFFFF_E000L);
        assertThat(seen.load(VfioRegion.CONFIG, 0x3D, 1)).isZero();
        assertThat(device.vectors(VfioIrq.INTX)).isZero();
        seen.store(0, Copier.SOURCE, 8, 0x77);
        assertThat(seen.load(0, Copier.SOURCE, 8)).isEqualTo(0x77);
    }

    @Test
    void eachInnerStepOfBindingThatFailsLeavesTheFunctionFree() {
        var function = at("copier1");
        host.drivers().override(function, VfioPciDriver.NAME);
        int failures = 0;

        for (int n = 1; ; n++) {
            steps.failNth(n);
            var refused = catchThrowableOfType(
                    HostException.class, () -> host.drivers().bind(function, VfioPciDriver.NAME));
            steps.disarm();
            if (refused == null) {
                break;
            }
            failures++;
            assertThat(function.driver()).isNull();
            assertThat(function.vfioNumber()).isEqualTo(-1);
            assertThat(vfio.nodes()).isEmpty();
        }

        assertThat(failures).isPositive();
        assertThat(function.vfioNumber()).isNotNegative();
    }
}
