package io.sluice.vfio.vfio;

import static io.sluice.vfio.vfio.VfioFeature.GET;
import static io.sluice.vfio.vfio.VfioFeature.PROBE;
import static io.sluice.vfio.vfio.VfioFeature.SET;
import static io.sluice.vfio.vfio.VfioRig.refused;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.vfio.DeviceRequests.Feature;
import io.sluice.vfio.vfio.FeatureData.LoggingRange;
import io.sluice.vfio.vfio.FeatureData.LoggingReport;
import io.sluice.vfio.vfio.FeatureData.LoggingStart;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// VFIO_DEVICE_FEATURE: the rules for all features, and the notes of writes.
@Timeout(120)
class DeviceFeatureConformanceTest {
    private final VfioRig rig = new VfioRig();
    private final TestDevice device = new TestDevice();
    private final DirtyPages pages = new DirtyPages();
    private final int fd;

    DeviceFeatureConformanceTest() {
        device.log = pages;
        device.feature = new VfioFeature() {
            @Override
            public int operations() {
                return GET;
            }

            @Override
            public FeatureData get(FeatureData question) {
                return new FeatureData.DataSize(42);
            }
        };
        fd = rig.openBound(rig.register("0000:01:00.0", device));
    }

    @AfterEach
    void close() {
        rig.close();
    }

    @ParameterizedTest
    @CsvSource({
        "11, 0, EINVAL", // neither GET nor SET
        "11, 3, EINVAL", // both
        "11, 2, EINVAL", // known, but cannot be set
        "11, 6, EINVAL", // and a probe says so
        "11, 7, EINVAL",
        "11, 9, EINVAL", // an unknown flag
        "99, 1, ENOTTY",
        "99, 5, ENOTTY",
        "0, 2, ENOTTY",
        "1, 1, ENOTTY", // it cannot be moved
        "2, 1, ENOTTY",
        "9, 1, ENOTTY",
        "12, 2, ENOTTY",
        "6, 1, EINVAL"
    })
    void whatIsNotToBeHadIsRefused(int number, int operation, Errno errno) {
        refused(errno, () -> rig.ask(fd, new Feature(number | operation << 16)));
    }

    @Test
    void aProbeTouchesNothing() {
        assertThat(rig.ask(fd, new Feature(11 | GET | PROBE))).isEqualTo(new FeatureData.None());
        assertThat(rig.ask(fd, new Feature(11 | PROBE))).isEqualTo(new FeatureData.None());
        assertThat(rig.ask(fd, new Feature(11 | GET))).isEqualTo(new FeatureData.DataSize(42));
    }

    @Test
    void dataOfAnotherFeatureIsRefused() {
        refused(Errno.EINVAL, () -> rig.ask(fd, new Feature(6 | SET)));
        refused(Errno.EINVAL, () -> rig.ask(fd, new Feature(8 | GET, new FeatureData.DataSize(1))));
    }

    private FeatureData start(long pageSize, LoggingRange... ranges) {
        return rig.ask(fd, new Feature(6 | SET, new LoggingStart(pageSize, List.of(ranges))));
    }

    private long[] report(long iova, long length, long pageSize) {
        var bitmap = new long[2];
        rig.ask(fd, new Feature(8 | GET, new LoggingReport(iova, length, pageSize, bitmap)));
        return bitmap;
    }

    @Test
    void loggingIsRefusedForWhatItCannotNote() {
        var range = new LoggingRange(0x10000, 0x4000);

        refused(Errno.EINVAL, () -> start(3000, range));
        refused(Errno.EINVAL, () -> start(0, range));
        refused(Errno.EINVAL, () -> start(4096));
        refused(Errno.EINVAL, () -> start(4096, new LoggingRange(0x10000, 0)));
        refused(Errno.EINVAL, () -> start(4096, new LoggingRange(0x10010, 0x1000)));
        refused(Errno.EINVAL, () -> start(4096, new LoggingRange(0x10000, 0x1010)));
        refused(Errno.EINVAL, () -> start(4096, range, new LoggingRange(0x13000, 0x1000)));
        refused(Errno.EOVERFLOW, () -> start(4096, new LoggingRange(-0x1000, 0x2000)));
        var many = new ArrayList<LoggingRange>();
        for (int i = 0; i <= DmaLog.MOST_RANGES; i++) {
            many.add(new LoggingRange(0x2000L * i, 0x1000));
        }
        refused(Errno.E2BIG, () -> start(4096, many.toArray(LoggingRange[]::new)));

        assertThat(start(4096, range)).isEqualTo(new LoggingStart(4096, List.of(range)));
        refused(Errno.EINVAL, () -> start(4096, range));
    }

    @Test
    void aReportHasWhatWasWrittenSinceTheLastOne() {
        start(4096, new LoggingRange(0x10000, 0x4000), new LoggingRange(0x20000, 0x1000));

        pages.written(0x10FFF, 2);
        pages.written(0x13000, 4096);
        pages.written(0x14000, 4096);

        assertThat(report(0x10000, 0x4000, 4096)).containsExactly(0b1011, 0);
        assertThat(report(0x10000, 0x4000, 4096)).containsExactly(0, 0);
        assertThat(report(0x20000, 0x1000, 4096)).containsExactly(0, 0);
    }

    @Test
    void bitsAreSetAndNeverCleared() {
        start(4096, new LoggingRange(0x10000, 0x4000));
        var bitmap = new long[] {0b100};
        pages.written(0x10000, 1);

        rig.ask(fd, new Feature(8 | GET, new LoggingReport(0x10000, 0x4000, 4096, bitmap)));

        assertThat(bitmap).containsExactly(0b101);
    }

    @Test
    void aReportByLargerPagesHasABitForEach() {
        start(4096, new LoggingRange(0x10000, 0x10000));
        pages.written(0x19000, 1);

        assertThat(report(0x10000, 0x10000, 0x8000)).containsExactly(0b10, 0);
    }

    @Test
    void aReportIsRefusedForWhatIsNotNoted() {
        refused(Errno.EINVAL, () -> report(0x10000, 0x1000, 4096));
        start(4096, new LoggingRange(0x10000, 0x4000));

        refused(Errno.EINVAL, () -> report(0x10000, 0x5000, 4096));
        refused(Errno.EINVAL, () -> report(0x10000, 0x4000, 2048));
        refused(Errno.EINVAL, () -> report(0x10000, 0x3000, 12288));
        refused(Errno.EINVAL, () -> report(0x10000, 0, 4096));
        refused(Errno.EINVAL, () -> report(0xF000, 0x2000, 4096));
    }

    @Test
    void stopIsAlwaysPossibleAndCloseStops() {
        rig.ask(fd, new Feature(7 | SET));
        start(4096, new LoggingRange(0x10000, 0x4000));
        rig.ask(fd, new Feature(7 | SET));
        refused(Errno.EINVAL, () -> report(0x10000, 0x4000, 4096));

        start(4096, new LoggingRange(0x10000, 0x4000));
        var node = rig.host.nodes().getFirst();
        rig.process.close(fd);
        int again = rig.openBound(node);
        assertThat(rig.ask(
                        again,
                        new Feature(6 | SET, new LoggingStart(4096, List.of(new LoggingRange(0x10000, 0x4000))))))
                .isNotNull();
    }

    // ---- ioeventfd

    private void ioeventfd(int size, long offset, long data, int eventfd) {
        rig.ask(fd, new DeviceRequests.Ioeventfd(size, offset, data, eventfd));
    }

    @Test
    void anIoeventfdWritesWhenItIsSignalled() {
        int eventfd = rig.newEventfd();
        ioeventfd(4, 0x10, 0xAB, eventfd);

        ((EventfdFile) rig.process.file(eventfd)).signal();
        rig.loop.run();

        assertThat(device.told).contains("write 0 16 4 ab");
        ioeventfd(4, 0x10, 0xAB, -1);
        device.told.clear();
        ((EventfdFile) rig.process.file(eventfd)).signal();
        rig.loop.run();
        assertThat(device.told).isEmpty();
    }

    @Test
    void ioeventfdsAreRefusedWhereThereCanBeNone() {
        int eventfd = rig.newEventfd();

        refused(Errno.EINVAL, () -> ioeventfd(8, 0, 0, eventfd));
        refused(Errno.EINVAL, () -> ioeventfd(3, 0, 0, eventfd));
        refused(Errno.EINVAL, () -> ioeventfd(4, 4094, 0, eventfd));
        refused(Errno.EINVAL, () -> ioeventfd(4, 2048, 0, eventfd));
        refused(Errno.EINVAL, () -> ioeventfd(4, VfioRegion.fileOffset(1), 0, eventfd));
        refused(Errno.EINVAL, () -> ioeventfd(4, VfioRegion.fileOffset(VfioRegion.CONFIG), 0, eventfd));
        refused(Errno.EINVAL, () -> ioeventfd(4, -1, 0, eventfd));
        refused(Errno.EINVAL, () -> ioeventfd(4, 0, 0, fd));
        refused(Errno.EBADF, () -> ioeventfd(4, 0, 0, 900));
        refused(Errno.ENODEV, () -> ioeventfd(4, 0, 0, -1));
        ioeventfd(4, 0, 0, eventfd);
        refused(Errno.EEXIST, () -> ioeventfd(4, 0, 0, eventfd));
        ioeventfd(4, 0, 1, eventfd);
        ioeventfd(2, 0, 0, eventfd);
    }

    @Test
    void thereAreAThousandIoeventfdsAtMost() {
        int eventfd = rig.newEventfd();
        for (int i = 0; i < Ioeventfds.MOST; i++) {
            ioeventfd(1, 0, i, eventfd);
        }

        refused(Errno.ENOSPC, () -> ioeventfd(1, 0, Ioeventfds.MOST, eventfd));
    }

    // ---- info, regions, reset

    @Test
    void infoAndRegionsAreAsTheTableSays() {
        var info = rig.ask(fd, new DeviceRequests.GetInfo());
        assertThat(info).isEqualTo(new VfioDevice.Info(3, 10, 5, List.of()));
        var region = rig.ask(fd, new DeviceRequests.GetRegionInfo(9));
        assertThat(region.flags()).isEqualTo(VfioRegion.READ | VfioRegion.MMAP | VfioRegion.CAPS);
        assertThat(region.offset()).isEqualTo(9L << 40);
        assertThat(region.capabilities()).hasSize(2);
        refused(Errno.EINVAL, () -> rig.ask(fd, new DeviceRequests.GetRegionInfo(10)));
    }

    @Test
    void aResetIsForDevicesThatHaveOne() {
        rig.ask(fd, new DeviceRequests.Reset());
        assertThat(device.told).endsWith("reset");

        device.resettable = false;
        assertThat(rig.ask(fd, new DeviceRequests.GetInfo()).flags()).isEqualTo(VfioDevice.FLAG_PCI);
        refused(Errno.EINVAL, () -> rig.ask(fd, new DeviceRequests.Reset()));
    }

    @Test
    void aDeviceThatCannotAnswerSaysSoToItsFileAndIsAllOnesToAVcpu() {
        device.noReset = true;

        refused(Errno.EIO, () -> rig.process.read(fd, 0L, new byte[4], 0, 4));
        assertThat(((VfioDeviceFile) rig.process.file(fd)).device().load(0, 0, 4))
                .isEqualTo(-1);
    }
}
