package io.sluice.vfio.iommufd;

import static io.sluice.vfio.host.Errno.EEXIST;
import static io.sluice.vfio.host.Errno.EINVAL;
import static io.sluice.vfio.host.Errno.ENOENT;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.iommufd.ioas.IovaRange;
import io.sluice.vfio.testkit.MockWorld;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The kernel's fixture `vfio_compat_mock_domain`, for both versions of type 1.
@Timeout(120)
final class VfioCompatMockDomainConformanceTest {
    private static final long PAGE = MockWorld.PAGE;
    private static final long AT = MockWorld.APERTURE_START;
    private static final int READ_WRITE = VfioIommuMapDma.READ | VfioIommuMapDma.WRITE;

    enum Version {
        V1(VfioCheckExtension.TYPE1),
        V2(VfioCheckExtension.TYPE1_V2);

        final int type;

        Version(int type) {
            this.type = type;
        }
    }

    private final MockWorld world = new MockWorld(true);
    private long buffer;
    private int ioas;

    private void setUp(Version version) {
        ioas = world.context().compatIoas();
        assertThat(world.ioctl(new IommuVfioIoas(0, IommuVfioIoas.GET))).isEqualTo(ioas);
        world.device(MockWorld.PLAIN).attach(0, ioas);
        world.ioctl(new VfioSetIommu(version.type));
        buffer = world.buffer(1 << 20);
    }

    @AfterEach
    void close() {
        world.close();
    }

    private void map(long iova, long length) {
        world.ioctl(new VfioIommuMapDma(READ_WRITE, buffer, iova, length));
    }

    private long unmap(long iova, long length) {
        return world.ioctl(new VfioIommuUnmapDma(0, iova, length));
    }

    @ParameterizedTest
    @EnumSource(Version.class)
    void simpleClose(Version version) {
        setUp(version);
    }

    @ParameterizedTest
    @EnumSource(Version.class)
    void optionHugePages(Version version) {
        setUp(version);

        assertThat(world.ioctl(IommuOption.get(IommuOption.HUGE_PAGES, ioas))).isEqualTo(version == Version.V1 ? 0 : 1);
    }

    @ParameterizedTest
    @EnumSource(Version.class)
    void getInfo(Version version) {
        setUp(version);

        var info = world.ioctl(new VfioIommuGetInfo());

        assertThat(info.pageSizes()).isEqualTo(PAGE);
        assertThat(info.ranges()).containsExactly(new IovaRange(AT, MockWorld.APERTURE_LAST));
        assertThat(info.mappingsLeft()).isEqualTo(0xFFFF_FFFFL);
        assertThat(world.ioctl(new VfioCheckExtension(VfioCheckExtension.DMA_CC)))
                .isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource(Version.class)
    void map(Version version) {
        setUp(version);
        assertThat(unmap(AT, PAGE)).isZero();
        map(AT, PAGE);
        world.refused(EEXIST, new VfioIommuMapDma(READ_WRITE, buffer, AT, PAGE));
        assertThat(unmap(AT, PAGE)).isEqualTo(PAGE);
        assertThat(unmap(AT, PAGE)).isZero();

        map(AT, PAGE);
        assertThat(unmap(AT, 8 * PAGE)).isEqualTo(PAGE);
        map(AT, PAGE);
        world.refused(EINVAL, new VfioIommuUnmapDma(VfioIommuUnmapDma.ALL, AT, 0));
        world.refused(EINVAL, new VfioIommuUnmapDma(VfioIommuUnmapDma.ALL, 0, PAGE));
        world.refused(EINVAL, new VfioIommuUnmapDma(VfioIommuUnmapDma.VADDR, AT, PAGE));
        world.refused(EINVAL, new VfioIommuUnmapDma(0, AT, 0));
        assertThat(world.ioctl(new VfioIommuUnmapDma(VfioIommuUnmapDma.ALL, 0, 0)))
                .isEqualTo(PAGE);
        assertThat(world.ioctl(new VfioIommuUnmapDma(VfioIommuUnmapDma.ALL, 0, 0)))
                .isZero();
    }

    @ParameterizedTest
    @EnumSource(Version.class)
    void hugeMap(Version version) {
        setUp(version);
        long length = 64 * PAGE;
        for (long from = 0; from < length; from += 8 * PAGE) {
            map(AT, length);
            if (version == Version.V1) {
                assertThat(unmap(AT + from, 8 * PAGE)).isEqualTo(8 * PAGE);
                assertThat(world.process.memory().pinnedPages()).isEqualTo(56);
                assertThat(unmap(AT, length)).isEqualTo(length - 8 * PAGE);
            } else {
                world.refused(ENOENT, new VfioIommuUnmapDma(0, AT + from, 8 * PAGE));
                assertThat(unmap(AT, length)).isEqualTo(length);
            }
            assertThat(world.pinned()).isZero();
        }
    }
}
