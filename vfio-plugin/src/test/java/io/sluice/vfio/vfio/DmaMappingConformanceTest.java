package io.sluice.vfio.vfio;

import static io.sluice.vfio.iommufd.VfioCheckExtension.TYPE1;
import static io.sluice.vfio.iommufd.VfioCheckExtension.TYPE1_V2;
import static io.sluice.vfio.vfio.ContainerRig.PAGE;
import static io.sluice.vfio.vfio.VfioRig.refused;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.iommufd.IoasAlloc;
import io.sluice.vfio.iommufd.IoasMap;
import io.sluice.vfio.iommufd.IoasUnmap;
import io.sluice.vfio.iommufd.VfioIommuMapDma;
import io.sluice.vfio.iommufd.VfioIommuUnmapDma;
import io.sluice.vfio.iommufd.VfioSetIommu;
import io.sluice.vfio.vfio.DeviceRequests.AttachIommufdPt;
import io.sluice.vfio.vfio.DeviceRequests.BindIommufd;
import io.sluice.vfio.vfio.DeviceRequests.DetachIommufdPt;
import io.sluice.vfio.vfio.DeviceRequests.GetInfo;
import io.sluice.vmm.address.Iova;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// Rows `vfio_iommufd_setup`, `vfio_dma_mapping` and `vfio_dma_map_limit`, with a real IOMMU behind each way.
@Timeout(120)
class DmaMappingConformanceTest {
    private static final String NAME = "0000:01:00.0";
    private static final int RW = VfioIommuMapDma.READ | VfioIommuMapDma.WRITE;
    private static final long LAST_PAGE = (1L << 48) - PAGE;

    private final ContainerRig rig = new ContainerRig();
    private final VfioNode device = rig.device(NAME);

    /// How a device gets its addresses.
    enum Way {
        TYPE_1,
        TYPE_1_V2,
        COMPAT,
        IOMMUFD
    }

    @AfterEach
    void close() {
        rig.close();
    }

    /// Maps and unmaps as one way does.
    private final class Mapper {
        private final Way way;
        private final int fd;
        private int ioas;

        Mapper(Way way) {
            this.way = way;
            this.fd = switch (way) {
                case TYPE_1 -> rig.container(device, TYPE1);
                case TYPE_1_V2 -> rig.container(device, TYPE1_V2);
                case COMPAT -> openCompat();
                case IOMMUFD -> openIommufd();
            };
        }

        private int openCompat() {
            int iommufd = rig.process.open("/dev/iommu");
            int group = rig.process.open(device.group().path());
            rig.ask(group, new GroupRequests.SetContainer(iommufd));
            rig.ask(iommufd, new VfioSetIommu(TYPE1_V2));
            rig.ask(group, new GroupRequests.GetDeviceFd(NAME));
            return iommufd;
        }

        private int openIommufd() {
            int iommufd = rig.process.open("/dev/iommu");
            int own = rig.process.open(device.path());
            rig.ask(own, new BindIommufd(iommufd));
            ioas = rig.ask(iommufd, new IoasAlloc(0));
            rig.ask(own, new AttachIommufdPt(ioas));
            return iommufd;
        }

        void map(long iova, long at, long size) {
            if (way == Way.IOMMUFD) {
                int flags = IoasMap.FIXED_IOVA | IoasMap.READABLE | IoasMap.WRITEABLE;
                rig.ask(fd, new IoasMap(flags, ioas, at, size, iova));
            } else {
                rig.ask(fd, new VfioIommuMapDma(RW, at, iova, size));
            }
        }

        long unmap(long iova, long size) {
            return way == Way.IOMMUFD
                    ? rig.ask(fd, new IoasUnmap(ioas, iova, size))
                    : rig.ask(fd, new VfioIommuUnmapDma(0, iova, size));
        }

        long unmapAll() {
            return way == Way.IOMMUFD
                    ? rig.ask(fd, IoasUnmap.all(ioas))
                    : rig.ask(fd, new VfioIommuUnmapDma(VfioIommuUnmapDma.ALL, 0, 0));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "TYPE_1, 4096, 12", "TYPE_1, 2097152, 21", "TYPE_1, 1073741824, 30",
        "TYPE_1_V2, 4096, 12", "TYPE_1_V2, 2097152, 21", "TYPE_1_V2, 1073741824, 30",
        "COMPAT, 4096, 12", "COMPAT, 2097152, 21", "COMPAT, 1073741824, 30",
        "IOMMUFD, 4096, 12", "IOMMUFD, 2097152, 21", "IOMMUFD, 1073741824, 30"
    })
    void dmaMappingMapUnmap(Way way, long size, int shift) {
        var mapper = new Mapper(way);
        long iova = 4L << 30;

        mapper.map(iova, rig.memory(size), size);

        var domain = ContainerRig.domain(device);
        assertThat(domain.frameAt(new Iova(iova))).isNotNegative();
        assertThat(domain.frameAt(new Iova(iova + size))).isNegative();
        assertThat(domain.pageShift(new Iova(iova))).isEqualTo(shift);
        assertThat(mapper.unmap(iova, size)).isEqualTo(size);
        assertThat(domain.frameAt(new Iova(iova))).isNegative();
        assertThat(rig.kernel.frames().pinned()).isZero();
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void dmaMapLimitUnmapRange(Way way) {
        var mapper = new Mapper(way);
        long at = rig.memory(PAGE);

        mapper.map(LAST_PAGE, at, PAGE);

        assertThat(ContainerRig.domain(device).frameAt(new Iova(LAST_PAGE))).isNotNegative();
        assertThat(mapper.unmap(LAST_PAGE, PAGE)).isEqualTo(PAGE);
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void dmaMapLimitUnmapAll(Way way) {
        var mapper = new Mapper(way);
        mapper.map(LAST_PAGE, rig.memory(PAGE), PAGE);

        assertThat(mapper.unmapAll()).isEqualTo(PAGE);
        assertThat(rig.kernel.frames().pinned()).isZero();
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void dmaMapLimitOverflow(Way way) {
        var mapper = new Mapper(way);
        long at = rig.memory(2 * PAGE);

        refused(Errno.EOVERFLOW, () -> mapper.map(-PAGE, at, 2 * PAGE));
        refused(Errno.EOVERFLOW, () -> mapper.unmap(-PAGE, 2 * PAGE));
    }

    @Test
    void iommufdSetup() {
        int iommufd = rig.process.open("/dev/iommu");
        int fd = rig.process.open(device.path());
        refused(Errno.EINVAL, () -> rig.ask(fd, new GetInfo()));
        refused(Errno.EINVAL, () -> rig.ask(fd, new BindIommufd(-2)));
        refused(Errno.EBADFD, () -> rig.ask(fd, new BindIommufd(fd)));

        int id = rig.ask(fd, new BindIommufd(iommufd));

        assertThat(id).isPositive();
        assertThat(rig.ask(fd, new GetInfo()).irqs()).isEqualTo(5);
        refused(Errno.EINVAL, () -> rig.ask(fd, new BindIommufd(iommufd)));
        int ioas = rig.ask(iommufd, new IoasAlloc(0));
        int table = rig.ask(fd, new AttachIommufdPt(ioas));
        assertThat(table).isPositive().isNotEqualTo(ioas);
        rig.ask(fd, new DetachIommufdPt());
        refused(Errno.ENOENT, () -> rig.ask(fd, new AttachIommufdPt(4711)));
        refused(Errno.EINVAL, () -> rig.ask(fd, new AttachIommufdPt(id)));
    }

    @Test
    void twoContextsDoNotShareAGroupAndADriverOfTheHostKeepsIt() {
        int one = rig.process.open("/dev/iommu");
        int fd = rig.process.open(device.path());
        var group = ContainerRig.iommu(device).group();
        group.useNatively();
        refused(Errno.EBUSY, () -> rig.ask(fd, new BindIommufd(one)));
        group.dropNative();
        group.claim("somebody");
        refused(Errno.EPERM, () -> rig.ask(fd, new BindIommufd(one)));
        group.release("somebody");

        rig.ask(fd, new BindIommufd(one));

        assertThat(group.owner()).isNotNull();
        rig.process.close(fd);
        assertThat(group.owner()).isNull();
    }
}
