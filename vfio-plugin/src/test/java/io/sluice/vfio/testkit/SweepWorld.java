package io.sluice.vfio.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.enqcmd.VmFile;
import io.sluice.vfio.enqcmd.VmRequests;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.iommu.IommuGroup;
import io.sluice.vfio.host.memory.MemFile;
import io.sluice.vfio.host.models.HostModels;
import io.sluice.vfio.host.pci.HostConfig;
import io.sluice.vfio.host.pci.HostFunction;
import io.sluice.vfio.host.pci.HostPci;
import io.sluice.vfio.host.process.Capability;
import io.sluice.vfio.host.process.Kernel;
import io.sluice.vfio.host.process.MemFileHandle;
import io.sluice.vfio.host.process.OpenFile;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.host.process.Request;
import io.sluice.vfio.iommufd.HwptAlloc;
import io.sluice.vfio.iommufd.IoasAlloc;
import io.sluice.vfio.iommufd.IoasIovaRanges;
import io.sluice.vfio.iommufd.IoasMap;
import io.sluice.vfio.iommufd.IoasMapFile;
import io.sluice.vfio.iommufd.IommuDestroy;
import io.sluice.vfio.iommufd.IommuNode;
import io.sluice.vfio.iommufd.Iommufd;
import io.sluice.vfio.iommufd.MockViommu;
import io.sluice.vfio.iommufd.VfioIommuGetInfo;
import io.sluice.vfio.iommufd.VfioSetIommu;
import io.sluice.vfio.mdev.MdevBus;
import io.sluice.vfio.mdev.MdevInstance;
import io.sluice.vfio.vfio.DeviceRequests.AttachIommufdPt;
import io.sluice.vfio.vfio.DeviceRequests.BindIommufd;
import io.sluice.vfio.vfio.EventfdFile;
import io.sluice.vfio.vfio.GroupRequests.SetContainer;
import io.sluice.vfio.vfio.IommufdBinder;
import io.sluice.vfio.vfio.VfioHost;
import io.sluice.vfio.vfio.VfioNode;
import io.sluice.vfio.vfio.pci.VfioPciDriver;
import io.sluice.vmm.testkit.DirectLoop;
import io.sluice.vmm.trace.Trace;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;

/// A whole host, in which every request can be made to fail: `/dev/iommu`, containers, two PCI functions that vfio-pci
/// has, mediated devices; and a process. When it is closed nothing may be left over.
public final class SweepWorld implements AutoCloseable {
    public static final long PAGE = 4096;
    public static final long IOVA = 0x40_0000;
    public static final int RW = IoasMap.FIXED_IOVA | IoasMap.READABLE | IoasMap.WRITEABLE;
    /// Steps that may fail and the request succeed: a function that cannot be reset when it is opened is one that its
    /// user cannot reset; one that cannot be when it is closed, and is no bus master, is reset all the same.
    private static final Set<String> BORNE = Set.of("iommu.stage_reset.blocking");

    private static final String HOST = """
            {"functions": [
              {"name": "rp0", "type": "root-port", "acs": true},
              {"name": "one", "type": "endpoint", "behind": "rp0", "device": "copier",
               "ats": true, "pri": true, "pasid": true, "ari": true},
              {"name": "rp1", "type": "root-port", "acs": true},
              {"name": "two", "type": "endpoint", "behind": "rp1", "device": "copier"}]}
            """;

    public final Steps steps = new Steps();
    public final Kernel kernel = new Kernel(steps, Trace.none());
    public final IommuNode node = new IommuNode(kernel);
    public final VfioHost vfio = new VfioHost(kernel, new IommufdBinder());
    public final MdevBus mdevs = new MdevBus(vfio);
    public final DirectLoop loop = new DirectLoop();
    public final SweepDriver driver = new SweepDriver();
    public final HostPci host;
    public final Process process = kernel.start("tester", 1000, Set.of(Capability.SYS_RESOURCE), 1L << 30);
    private final VfioPciDriver pci;
    private final List<Process> processes = new ArrayList<>(List.of(process));
    private final List<Runnable> closers = new ArrayList<>();
    private int groups;

    public SweepWorld() {
        vfio.addContainers(node);
        host = new HostPci(
                HostConfig.read(HOST),
                new HostPci.Ground(
                        kernel.frames(),
                        steps,
                        loop::strand,
                        new HostModels(name -> null).with("copier", Copier::make),
                        () -> new IommuGroup(groups++),
                        Trace.none()));
        pci = new VfioPciDriver(host, vfio);
        host.drivers().register(pci, host.functions());
        node.addViommuDriver(host.units().getFirst(), MockViommu.TYPE, new MockViommu(kernel.frames()));
        mdevs.register(driver);
        for (var name : List.of("one", "two")) {
            var function = found(name);
            host.drivers().override(function, VfioPciDriver.NAME);
            host.drivers().bind(function, VfioPciDriver.NAME);
        }
    }

    private HostFunction found(String name) {
        var found = host.find(name);
        if (found == null) {
            throw new AssertionError("no function " + name);
        }
        return found;
    }

    // ---- what requests need

    public <R> R ask(int fd, Request<R> request) {
        return process.ioctl(fd, request);
    }

    /// Memory of the process whose pages do not follow one another.
    public long memory(int pages) {
        long at = process.memory().map(pages * PAGE, true);
        for (int i = pages - 1; i >= 0; i--) {
            process.memory().write(at + i * PAGE, new byte[1], 0, 1);
        }
        return at;
    }

    public int memfd(int pages) {
        var file = MemFile.create(kernel.frames(), pages * PAGE);
        int fd = process.install(new MemFileHandle(file));
        file.release();
        return fd;
    }

    public int iommufd() {
        return process.open("/dev/iommu");
    }

    public int ioas(int iommufd) {
        return ask(iommufd, new IoasAlloc(0));
    }

    /// Pages of a file at [#IOVA].
    public void map(int iommufd, int ioas, int pages) {
        ask(iommufd, new IoasMapFile(RW, ioas, memfd(pages), 0, pages * PAGE, IOVA));
    }

    /// The node of a PCI function.
    public VfioNode function(String name) {
        var found = pci.node(found(name));
        if (found == null) {
            throw new AssertionError(name);
        }
        return found;
    }

    public MdevInstance instance() {
        return mdevs.create("sweep-1", UUID.randomUUID().toString(), loop::strand);
    }

    /// A device's file, bound.
    ///
    /// @param fd of the file
    /// @param id in the iommufd
    public record Bound(int fd, int id) {}

    public Bound bind(VfioNode device, int iommufd) {
        int fd = process.open(device.path());
        return new Bound(fd, ask(fd, new BindIommufd(iommufd)));
    }

    public Bound attach(VfioNode device, int iommufd, int ioas) {
        var bound = bind(device, iommufd);
        ask(bound.fd, new AttachIommufdPt(ioas));
        return bound;
    }

    public int hwpt(int iommufd, int flags, Bound device, int ioas) {
        return ask(iommufd, HwptAlloc.plain(flags, device.id, ioas));
    }

    public int group(VfioNode device) {
        return process.open(device.group().path());
    }

    /// A container with these devices' groups in it.
    public int container(VfioNode... devices) {
        int container = process.open(VfioHost.CONTAINER);
        for (var device : devices) {
            ask(group(device), new SetContainer(container));
        }
        return container;
    }

    /// As [#container], with an IOMMU.
    public int readyContainer(int type, VfioNode... devices) {
        int container = container(devices);
        ask(container, new VfioSetIommu(type));
        return container;
    }

    public int eventfd() {
        return process.install(new EventfdFile());
    }

    public int machine() {
        return process.install(new VmFile(process));
    }

    /// The machine's coupling with vfio.
    public int coupling(int machine) {
        return ask(machine, new VmRequests.CreateDevice(VmRequests.DEVICE_TYPE_VFIO));
    }

    /// A PASID that the process may use.
    public void authorize(int pasid) {
        int iommufd = iommufd();
        var device = bind(function("one"), iommufd);
        int table = hwpt(iommufd, HwptAlloc.ALLOC_PASID, device, ioas(iommufd));
        ask(device.fd, new AttachIommufdPt(1, table, pasid));
    }

    public Process fork() {
        var child = process.fork();
        processes.add(child);
        return child;
    }

    /// Does something before the world is closed.
    public void onClose(Runnable action) {
        closers.add(action);
    }

    /// What was to be done before the world is closed has been.
    public void isClosed() {
        closers.clear();
    }

    // ---- sweeps

    /// Fails each step of what is made of a world, on as many worlds as that takes.
    ///
    /// @return the steps that failed, in their order
    public static List<String> sweep(Function<SweepWorld, Runnable> prepared) {
        var failed = new ArrayList<String>();
        for (int next = 1; next != 0; ) {
            try (var world = new SweepWorld()) {
                var request = prepared.apply(world);
                var part = FailureSweep.sweep(world.steps, world::snapshot, request, next, BORNE);
                failed.addAll(part.failed());
                next = part.next();
            }
        }
        return failed;
    }

    // ---- what can be seen

    /// Everything of the host that can be seen from outside, as text.
    public String snapshot() {
        loop.run();
        var text = new StringBuilder("pinned " + kernel.frames().pinned() + " vectors "
                + host.vectors().used() + " nodes " + kernel.nodes() + "\nmdevs " + mdevs.types() + mdevs.instances());
        for (var each : kernel.processes()) {
            text.append("\n")
                    .append(each.pid())
                    .append(" VmPin ")
                    .append(each.memory().pinnedPages());
            text.append(" VmLck ").append(each.memory().lockedPages());
            text.append(" user ").append(each.user().lockedPages());
            for (int fd : each.descriptors()) {
                text.append("\n  ").append(fd).append(' ').append(file(each, fd, each.file(fd)));
            }
        }
        for (var each : vfio.nodes()) {
            text.append("\n")
                    .append(each)
                    .append(each.isInUse() ? " in use " : " ")
                    .append(each.authorized());
            text.append(' ').append(each.device().migrationState());
            var iommu = each.iommu();
            if (iommu != null) {
                var group = iommu.group();
                text.append(' ')
                        .append(group.owner() == null ? "free" : "owned")
                        .append(group.domain(0));
                text.append(group.domain(7));
            }
        }
        return text.toString();
    }

    private static String file(Process process, int fd, OpenFile file) {
        var kind = file.requests().kind();
        return switch (file) {
            case Iommufd context -> kind + " objects " + context.objectCount() + contents(process, fd);
            case VmFile machine -> kind + " PASIDs " + machine.pasids().size() + machine.hasIncoherentDma();
            default -> kind + (kind.equals("vfio-container") ? left(process, fd) : "");
        };
    }

    private static String contents(Process process, int fd) {
        int next = process.ioctl(fd, new IoasAlloc(0));
        process.ioctl(fd, new IommuDestroy(next));
        var text = new StringBuilder(" next " + next);
        for (int id = 1; id < next + 8; id++) {
            try {
                text.append("; ").append(id).append(' ').append(process.ioctl(fd, new IoasIovaRanges(id, 99)));
            } catch (HostException none) {
                text.append(',');
            }
        }
        return text.toString();
    }

    private static String left(Process process, int fd) {
        try {
            return " left " + process.ioctl(fd, new VfioIommuGetInfo()).mappingsLeft();
        } catch (HostException none) {
            return " " + none.errno();
        }
    }

    @Override
    public void close() {
        steps.disarm();
        closers.reversed().forEach(Runnable::run);
        processes.reversed().forEach(Process::exit);
        loop.run();
        mdevs.instances().forEach(each -> mdevs.remove(each.uuid()));

        assertThat(kernel.frames().pinned()).as("pinned bytes").isZero();
        assertThat(process.user().lockedPages()).as("pages charged").isZero();
        assertThat(vfio.nodes()).noneMatch(VfioNode::isInUse);
        assertThat(host.vectors().used()).as("vectors").isZero();
        host.close();
        driver.close();
        kernel.close();
    }
}
