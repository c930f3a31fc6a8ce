package io.sluice.vfio.vfio;

import static io.sluice.vfio.vfio.VfioRig.refused;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.iommu.DeviceTraits;
import io.sluice.vfio.host.iommu.IommuGroup;
import io.sluice.vfio.host.iommu.IommuUnit;
import io.sluice.vfio.host.iommu.UnitSettings;
import io.sluice.vfio.vfio.DeviceRequests.GetHotResetInfo;
import io.sluice.vfio.vfio.DeviceRequests.HotReset;
import io.sluice.vfio.vfio.DeviceSet.Affected;
import io.sluice.vmm.address.Bdf;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Two functions of one slot, each in a group of its own, that are reset together.
@Timeout(120)
class HotResetConformanceTest {
    private final VfioRig rig = new VfioRig();
    private final IommuUnit unit = new IommuUnit(UnitSettings.vtd("dmar0"), rig.kernel.frames(), rig.steps);
    private final List<Affected> affected = new ArrayList<>();
    private final Slot slot = new Slot();
    private final DeviceSet set = DeviceSet.of(slot);
    private final TestDevice first = new TestDevice();
    private final TestDevice second = new TestDevice();
    private final VfioNode one = register("0000:01:00.0", first, 1);
    private final VfioNode two = register("0000:01:00.1", second, 2);

    private final class Slot implements DeviceSet.SlotReset {
        int resets;
        boolean busy;

        @Override
        public List<Affected> affected() {
            return affected;
        }

        @Override
        public void reset() {
            if (busy) {
                throw new HostException(Errno.EBUSY, "a neighbour's memory is in use");
            }
            resets++;
        }
    }

    private VfioNode register(String name, TestDevice device, int groupId) {
        var group = new IommuGroup(groupId);
        device.iommu = unit.add(Bdf.parse(name), List.of(), group, DeviceTraits.PLAIN);
        affected.add(new Affected(0, Bdf.parse(name), group));
        return rig.host.register(name, device, rig.loop.strand(), set);
    }

    @AfterEach
    void close() {
        rig.close();
    }

    private int bind(VfioNode node, int context) {
        int fd = rig.process.open(node.path());
        rig.ask(fd, new DeviceRequests.BindIommufd(context));
        return fd;
    }

    @Test
    void infoOfABoundDeviceNamesIdsAndWhetherAllAreOwned() {
        int context = rig.newContext();
        int fd = bind(one, context);

        refused(Errno.ENOSPC, () -> rig.ask(fd, new GetHotResetInfo(1)));
        var info = rig.ask(fd, new GetHotResetInfo(2));
        assertThat(info.flags()).isEqualTo(DeviceRequests.HOT_RESET_DEV_ID);
        assertThat(info.entries().get(0).id()).isPositive();
        assertThat(info.entries().get(1).id()).isEqualTo(-1);

        bind(two, context);
        var all = rig.ask(fd, new GetHotResetInfo(2));
        assertThat(all.flags()).isEqualTo(DeviceRequests.HOT_RESET_DEV_ID | DeviceRequests.HOT_RESET_DEV_ID_OWNED);
        assertThat(all.entries().get(1).id()).isPositive();
    }

    @Test
    void aNeighbourOfAnotherContextIsNotOwned() {
        int fd = bind(one, rig.newContext());
        bind(two, rig.newContext());

        assertThat(rig.ask(fd, new GetHotResetInfo(9)).entries().get(1).id()).isEqualTo(-1);
        refused(Errno.EINVAL, () -> rig.ask(fd, new HotReset(0, List.of())));
        assertThat(slot.resets).isZero();
    }

    @Test
    void whoOwnsAllMayResetThem() {
        int context = rig.newContext();
        int fd = bind(one, context);
        bind(two, context);

        rig.ask(fd, new HotReset(0, List.of()));

        assertThat(slot.resets).isEqualTo(1);
        slot.busy = true;
        refused(Errno.EBUSY, () -> rig.ask(fd, new HotReset(0, List.of())));
    }

    @Test
    void malformedRequestsAreRefused() {
        int fd = bind(one, rig.newContext());

        refused(Errno.EINVAL, () -> rig.ask(fd, new HotReset(1, List.of())));
        refused(Errno.EINVAL, () -> rig.ask(fd, new HotReset(0, List.of(3))));
    }

    @Test
    void groupModeShowsTheFilesOfAllGroups() {
        int groupOne = rig.process.open(one.group().path());
        int groupTwo = rig.process.open(two.group().path());
        rig.ask(groupOne, new GroupRequests.SetContainer(rig.newContext()));
        int fd = rig.ask(groupOne, new GroupRequests.GetDeviceFd("0000:01:00.0"));

        var info = rig.ask(fd, new GetHotResetInfo(2));
        assertThat(info.flags()).isZero();
        assertThat(info.entries().get(1).id()).isEqualTo(2);
        refused(Errno.EINVAL, () -> rig.ask(fd, new HotReset(0, List.of())));
        refused(Errno.EINVAL, () -> rig.ask(fd, new HotReset(0, List.of(groupOne))));
        refused(Errno.EBADF, () -> rig.ask(fd, new HotReset(0, List.of(groupOne, 900))));
        refused(Errno.EINVAL, () -> rig.ask(fd, new HotReset(0, List.of(groupOne, fd))));
        refused(Errno.EINVAL, () -> rig.ask(fd, new HotReset(0, List.of(groupOne, groupTwo, groupTwo))));

        rig.ask(fd, new HotReset(0, List.of(groupOne, groupTwo)));

        assertThat(slot.resets).isEqualTo(1);
    }

    @Test
    void aNeighbourThatVfioDoesNotHaveForbidsIt() {
        int context = rig.newContext();
        int fd = bind(one, context);
        two.unregister(() -> {});

        refused(Errno.EINVAL, () -> rig.ask(fd, new HotReset(0, List.of())));
    }

    @Test
    void aDeviceOfNoSlotHasNone() {
        var alone = rig.register("0000:02:00.0", new TestDevice());
        int fd = rig.openBound(alone);

        refused(Errno.ENODEV, () -> rig.ask(fd, new GetHotResetInfo(9)));
        refused(Errno.ENODEV, () -> rig.ask(fd, new HotReset(0, List.of())));
    }
}
