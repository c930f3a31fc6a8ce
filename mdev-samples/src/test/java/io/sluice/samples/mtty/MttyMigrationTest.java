package io.sluice.samples.mtty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.process.Kernel;
import io.sluice.vfio.host.process.Process;
import io.sluice.vfio.iommufd.IommuNode;
import io.sluice.vfio.mdev.MdevBus;
import io.sluice.vfio.vfio.DeviceRequests.BindIommufd;
import io.sluice.vfio.vfio.DeviceRequests.Feature;
import io.sluice.vfio.vfio.DeviceRequests.Reset;
import io.sluice.vfio.vfio.FeatureData;
import io.sluice.vfio.vfio.FeatureData.DeviceState;
import io.sluice.vfio.vfio.IommufdBinder;
import io.sluice.vfio.vfio.MigrationFile.GetPrecopyInfo;
import io.sluice.vfio.vfio.MigrationState;
import io.sluice.vfio.vfio.SetIrqs;
import io.sluice.vfio.vfio.VfioFeature;
import io.sluice.vfio.vfio.VfioHost;
import io.sluice.vmm.testkit.DirectLoop;
import io.sluice.vmm.trace.Trace;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// A card that is moved to another machine, by the files of vfio.
@Timeout(120)
class MttyMigrationTest {
    private static final int STATE = 2;

    private final Kernel kernel = new Kernel(new Steps(), Trace.none());
    private final IommuNode iommu = new IommuNode(kernel);
    private final MdevBus bus = new MdevBus(new VfioHost(kernel, new IommufdBinder()));
    private final DirectLoop loop = new DirectLoop();
    private final Process process = kernel.start("vmm", 1000, Set.of(), 0);

    MttyMigrationTest() {
        bus.register(new MttyDriver());
    }

    @AfterEach
    void close() {
        kernel.close();
    }

    private int open(String type) {
        var instance = bus.create(type, UUID.randomUUID().toString(), loop::strand);
        int fd = process.open(instance.node().path());
        process.ioctl(fd, new BindIommufd(process.install(iommu.open())));
        return fd;
    }

    private int set(int fd, MigrationState wanted) {
        var answer = process.ioctl(fd, new Feature(STATE | VfioFeature.SET, new DeviceState(wanted.ordinal(), -1)));
        return ((DeviceState) answer).dataFd();
    }

    private MigrationState state(int fd) {
        var answer = (DeviceState) process.ioctl(fd, new Feature(STATE | VfioFeature.GET));
        return MigrationState.values()[answer.state()];
    }

    private byte[] drain(int fd) {
        var bytes = new byte[256];
        int count = process.read(fd, bytes, 0, bytes.length);
        return Arrays.copyOf(bytes, count);
    }

    private void write(int fd, byte[] bytes) {
        process.write(fd, bytes, 0, bytes.length);
    }

    private void outb(int fd, int port, int value) {
        process.write(fd, port, new byte[] {(byte) value}, 0, 1);
    }

    private int inb(int fd, int port) {
        var one = new byte[1];
        process.read(fd, port, one, 0, 1);
        return one[0] & 0xFF;
    }

    private static void refused(Errno errno, ThrowingCallable call) {
        var refused = catchThrowableOfType(HostException.class, call);
        assertThat(refused).as("refused with " + errno).isNotNull();
        assertThat(refused.errno()).isEqualTo(errno);
    }

    private byte[] saved(int fd) {
        int data = set(fd, MigrationState.STOP_COPY);
        var bytes = drain(data);
        process.close(data);
        return bytes;
    }

    @ParameterizedTest
    @CsvSource({"mtty-1, 60", "mtty-2, 96"})
    void aCardsStateHasItsSize(String type, int size) {
        int fd = open(type);

        assertThat(process.ioctl(fd, new Feature(9 | VfioFeature.GET))).isEqualTo(new FeatureData.DataSize(size));
        assertThat(process.ioctl(fd, new Feature(1 | VfioFeature.GET))).isEqualTo(new FeatureData.MigrationFlags(7));
        assertThat(saved(fd)).hasSize(size).startsWith(0x4E, 0x2C, 0x3E, 0x8C, 0x89, 0x09, 0x9D, 0x7E, 1, 0, 0, 0);
    }

    @Test
    void whatWasSentAndNotYetReadArrivesInTheOtherMachine() {
        int from = open("mtty-1");
        outb(from, 3, 0x80);
        outb(from, 0, 0x0C);
        outb(from, 3, 0x03);
        outb(from, 2, 0x81);
        outb(from, 7, 0x5A);
        outb(from, 4, 0x0B);
        "Hello".chars().forEach(c -> outb(from, 0, c));
        assertThat(inb(from, 0)).isEqualTo('H');
        var state = saved(from);

        int to = open("mtty-1");
        int data = set(to, MigrationState.RESUMING);
        write(data, state);
        set(to, MigrationState.RUNNING);

        assertThat(inb(to, 7)).isEqualTo(0x5A);
        assertThat(inb(to, 4)).isEqualTo(0x0B);
        assertThat(inb(to, 5) & 1).isOne();
        assertThat(List.of(inb(to, 0), inb(to, 0), inb(to, 0), inb(to, 0)))
                .containsExactly((int) 'e', (int) 'l', (int) 'l', (int) 'o');
        assertThat(inb(to, 5) & 1).isZero();
        outb(to, 3, 0x83);
        assertThat(inb(to, 0)).isEqualTo(0x0C);
        assertThat(set(to, MigrationState.STOP_COPY)).isPositive();
    }

    @Test
    void beforeItIsStoppedOnlyTheHeaderIsOffered() {
        int fd = open("mtty-1");
        int data = set(fd, MigrationState.PRE_COPY);

        assertThat(process.ioctl(data, new GetPrecopyInfo()).initialBytes()).isEqualTo(24);
        assertThat(drain(data)).hasSize(24);
        refused(Errno.ENOMSG, () -> drain(data));
        set(fd, MigrationState.STOP_COPY);
        assertThat(drain(data)).hasSize(36);
    }

    @Test
    void aFrozenCardNeitherAnswersNorChanges() {
        int fd = open("mtty-1");
        outb(fd, 0, 'x');
        set(fd, MigrationState.STOP);

        assertThat(inb(fd, 0)).isEqualTo(0xFF);
        outb(fd, 7, 1);
        set(fd, MigrationState.RUNNING);

        assertThat(inb(fd, 0)).isEqualTo('x');
        assertThat(inb(fd, 7)).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 8, 12, 16, 20})
    void anotherHeaderIsRefusedWithEfault(int at) {
        int fd = open("mtty-1");
        var state = saved(fd);
        set(fd, MigrationState.STOP);
        int data = set(fd, MigrationState.RESUMING);
        state[at] ^= 2;

        refused(Errno.EFAULT, () -> write(data, state));
        refused(Errno.EFAULT, () -> set(fd, MigrationState.RUNNING));
        assertThat(state(fd)).isEqualTo(MigrationState.RESUMING);
        process.ioctl(fd, new Reset());
        assertThat(state(fd)).isEqualTo(MigrationState.RUNNING);
    }

    @ParameterizedTest
    @CsvSource({
        "24, 16", "24, -1", "25, 16", "25, -1", "26, 17", "26, -1", "26, 3", "27, 1", "28, 2", "33, 0", "33, 99",
        "34, 3", "34, -1"
    })
    void placesThatNoPortCouldBeInAreRefused(int at, int value) {
        int fd = open("mtty-1");
        var state = saved(fd);
        set(fd, MigrationState.STOP);
        int data = set(fd, MigrationState.RESUMING);
        state[MttyMigration.HEADER + at] = (byte) value;
        write(data, state);

        refused(Errno.EINVAL, () -> set(fd, MigrationState.RUNNING));

        assertThat(state(fd)).isEqualTo(MigrationState.RESUMING);
    }

    @Test
    void shortAndLongStreamsAreRefused() {
        int fd = open("mtty-1");
        var state = saved(fd);
        set(fd, MigrationState.STOP);
        int data = set(fd, MigrationState.RESUMING);

        refused(Errno.EINVAL, () -> set(fd, MigrationState.STOP));
        write(data, Arrays.copyOf(state, 59));
        refused(Errno.EINVAL, () -> set(fd, MigrationState.STOP));
        refused(Errno.ENOMEM, () -> write(data, new byte[2]));
        write(data, new byte[] {state[59]});
        set(fd, MigrationState.RUNNING);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4})
    void hostileStreamsAreRefusedOrLeaveACardThatWorks(long seed) {
        var random = new Random(seed);
        int fd = open("mtty-2");
        var good = saved(fd);
        set(fd, MigrationState.STOP);
        for (int i = 0; i < 500; i++) {
            var state = good.clone();
            for (int changed = random.nextInt(4); changed >= 0; changed--) {
                state[MttyMigration.HEADER + random.nextInt(72)] = (byte) random.nextInt();
            }
            int data = set(fd, MigrationState.RESUMING);
            write(data, state);
            var refused = catchThrowableOfType(HostException.class, () -> set(fd, MigrationState.RUNNING));
            if (refused != null) {
                assertThat(refused.errno()).isEqualTo(Errno.EINVAL);
                process.ioctl(fd, new Reset());
            }
            for (int access = 0; access < 20; access++) {
                outb(fd, random.nextInt(8), random.nextInt());
                inb(fd, random.nextInt(8));
            }
            set(fd, MigrationState.STOP);
            process.close(data);
        }
    }

    @Test
    void writesOfMemoryAreNotedAndThereAreNone() {
        int fd = open("mtty-1");
        var range = List.of(new FeatureData.LoggingRange(0, 4096));
        process.ioctl(fd, new Feature(6 | VfioFeature.SET, new FeatureData.LoggingStart(4096, range)));
        var bitmap = new long[1];

        process.ioctl(fd, new Feature(8 | VfioFeature.GET, new FeatureData.LoggingReport(0, 4096, 4096, bitmap)));

        assertThat(bitmap).containsExactly(0);
    }

    @Test
    void interruptsThatTheCardHasNotAreNoRequestsOfIts() {
        var instance = bus.create("mtty-1", UUID.randomUUID().toString(), loop::strand);
        var device = instance.open();

        refused(Errno.ENOTTY, () -> device.setIrqs(new SetIrqs(33, 2, 0, 1, List.of(), List.of())));
        refused(Errno.ENOTTY, () -> device.setIrqs(new SetIrqs(33, 4, 0, 1, List.of(), List.of())));
        refused(Errno.EINVAL, () -> device.setIrqs(new SetIrqs(33, 5, 0, 1, List.of(), List.of())));
    }
}
