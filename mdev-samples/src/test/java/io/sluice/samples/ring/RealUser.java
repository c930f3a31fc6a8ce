package io.sluice.samples.ring;

import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.memory.MemFile;
import io.sluice.vfio.host.process.Capability;
import io.sluice.vfio.host.process.Kernel;
import io.sluice.vfio.host.process.MemFileHandle;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.iommufd.IoasAlloc;
import io.sluice.vfio.iommufd.IoasMap;
import io.sluice.vfio.iommufd.IoasMapFile;
import io.sluice.vfio.iommufd.IoasUnmap;
import io.sluice.vfio.iommufd.IommuNode;
import io.sluice.vfio.mdev.MdevBus;
import io.sluice.vfio.mdev.MdevInstance;
import io.sluice.vfio.vfio.DeviceRequests.AttachIommufdPt;
import io.sluice.vfio.vfio.DeviceRequests.BindIommufd;
import io.sluice.vfio.vfio.DeviceRequests.DetachIommufdPt;
import io.sluice.vfio.vfio.IommufdBinder;
import io.sluice.vfio.vfio.VfioDevice;
import io.sluice.vfio.vfio.VfioHost;
import io.sluice.vfio.vfio.VfioRegion;
import io.sluice.vmm.loop.EventLoop;
import io.sluice.vmm.loop.MachineClock;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.trace.Trace;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// A whole host: a process with an iommufd, a file of memory that it maps, and a ring of its own, which works on
/// another
/// thread. It uses the device as any program uses a vfio device: by reads and writes of its file.
final class RealUser implements AutoCloseable {
    static final int MAPPED = IoasMap.FIXED_IOVA | IoasMap.READABLE | IoasMap.WRITEABLE;
    static final long BYTES = 40L << 20;
    /// Where the client's rings are, in the first two pages of the file.
    static final long RINGS = 0x1_0000_0000L;

    private final Kernel kernel = new Kernel(new Steps(), Trace.none());
    private final MdevBus bus = new MdevBus(new VfioHost(kernel, new IommufdBinder()));
    private final Process process = kernel.start("user", 1000, Set.of(Capability.IPC_LOCK), BYTES);
    private final ExecutorService thread = Executors.newSingleThreadExecutor();
    private final MdevInstance instance;
    final MemFile file = MemFile.create(kernel.frames(), BYTES);
    private final int fileFd = process.install(new MemFileHandle(file));
    private final int iommufd;
    private final int ioas;
    private final int device;
    private int tail;

    RealUser() {
        new IommuNode(kernel);
        bus.register(new RingDriver());
        instance = bus.create("ring-4", UUID.randomUUID().toString(), this::strand);
        iommufd = process.open("/dev/iommu");
        ioas = process.ioctl(iommufd, new IoasAlloc(0));
        device = process.open(instance.node().path());
        process.ioctl(device, new BindIommufd(iommufd));
        attach();
        map(0, 2 * GrantedPages.PAGE, RINGS);
        poke(VfioRegion.CONFIG, 0x04, 2, 0x0006);
        set(RingReg.CONTROL, RingReg.RUN);
    }

    private final class Loop implements EventLoop {
        @Override
        public void execute(Runnable task) {
            thread.execute(task);
        }

        @Override
        public Timer schedule(long delayNanos, Runnable task) {
            throw new IllegalStateException("a ring sets no timers");
        }
    }

    private Strand strand() {
        return new Strand(new Loop(), new MachineClock());
    }

    void attach() {
        process.ioctl(device, new AttachIommufdPt(ioas));
    }

    void detach() {
        process.ioctl(device, new DetachIommufdPt());
    }

    void map(long start, long length, long iova) {
        process.ioctl(iommufd, new IoasMapFile(MAPPED, ioas, fileFd, start, length, iova));
    }

    void unmap(long iova, long length) {
        process.ioctl(iommufd, new IoasUnmap(ioas, iova, length));
    }

    void closeDevice() {
        process.close(device);
    }

    /// Removes the device, which goes when its file is closed.
    void removeDevice() {
        bus.remove(instance.uuid());
        process.close(device);
    }

    VfioDevice inside() {
        return instance.node().device();
    }

    void set(RingReg register, long value) {
        poke(0, register.spec().offset(), register.spec().width(), value);
    }

    private void poke(int region, long offset, int size, long value) {
        var bytes = ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array();
        process.write(device, VfioRegion.fileOffset(region) + offset, bytes, 0, size);
    }

    long get(RingReg register) {
        return peek(0, register.spec().offset(), register.spec().width());
    }

    long doorbell(DoorbellReg register) {
        return peek(2, register.spec().offset(), 4);
    }

    private long peek(int region, long offset, int size) {
        var bytes = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        process.read(device, VfioRegion.fileOffset(region) + offset, bytes.array(), 0, size);
        return bytes.getLong();
    }

    private void order(Order order) {
        set(RingReg.ORDER, order.ordinal());
        if (get(RingReg.RESULT) != Result.DONE.ordinal()) {
            throw new AssertionError(order + ": " + Result.values()[(int) get(RingReg.RESULT)]);
        }
    }

    /// Client 0, with 64 commands and as many completions.
    void create() {
        tail = 0;
        file.write(0, new byte[2 * GrantedPages.PAGE], 0, 2 * GrantedPages.PAGE);
        set(RingReg.CLIENT, 0);
        set(RingReg.SHAPE, 0x0606);
        set(RingReg.COMMANDS, RINGS);
        set(RingReg.COMPLETIONS, RINGS + GrantedPages.PAGE);
        order(Order.CREATE);
    }

    void destroy() {
        set(RingReg.CLIENT, 0);
        order(Order.DESTROY);
    }

    int key(long first, long length) {
        set(RingReg.CLIENT, 0);
        set(RingReg.FIRST, first);
        set(RingReg.LENGTH, length);
        set(RingReg.RIGHTS, 3);
        order(Order.REGISTER);
        return (int) get(RingReg.KEY);
    }

    /// One of the first 63 commands.
    void submit(Packet packet) {
        file.write((long) tail * Command.SIZE, packet.bytes(true), 0, Command.SIZE);
        tail++;
        poke(2, DoorbellReg.TAIL.spec().offset(), 4, tail);
    }

    /// How many completions are there.
    long posted() {
        return doorbell(DoorbellReg.POSTED);
    }

    Status status(int index) {
        var bytes = new byte[16];
        file.read(GrantedPages.PAGE + 16L * index, bytes, 0, 16);
        return Status.values()[bytes[14]];
    }

    byte[] bytes(long at, int length) {
        var bytes = new byte[length];
        file.read(at, bytes, 0, length);
        return bytes;
    }

    @Override
    public void close() {
        process.exit();
        thread.close();
        file.release();
        kernel.close();
    }
}
