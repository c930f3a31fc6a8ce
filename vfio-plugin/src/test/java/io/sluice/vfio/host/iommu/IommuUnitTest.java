package io.sluice.vfio.host.iommu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.address.Iova;
import io.sluice.vmm.trace.Item;
import io.sluice.vmm.trace.Trace;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
final class IommuUnitTest {
    private static final Bdf BRIDGE = Bdf.of(4, 0, 0);

    private final DmaRig rig = new DmaRig(8);
    private final IommuUnit unit = rig.unit;
    private final IommuGroup group = new IommuGroup(0);

    @AfterEach
    void close() {
        rig.close();
    }

    private static Errno refusal(ThrowingCallable call) {
        return catchThrowableOfType(HostException.class, call).errno();
    }

    private boolean reaches(Bdf requester) {
        return Objects.requireNonNull(unit.find(requester.bits())).reaches(0, 0, false);
    }

    @Test
    void aDeviceIsThereOnce() {
        unit.add(BRIDGE, List.of(), group, DeviceTraits.PLAIN);

        assertThat(refusal(() -> unit.add(BRIDGE, List.of(), group, DeviceTraits.PLAIN)))
                .isEqualTo(Errno.EEXIST);
        assertThat(unit.find(Bdf.of(4, 0, 1).bits())).isNull();
        assertThat(unit.find(Bdf.of(5, 0, 0).bits())).isNull();
    }

    @Test
    void requestsUnderAnAliasGoByTheDevicesDomain() {
        rig.map(0, 0, 1);
        unit.add(Bdf.of(4, 1, 0), List.of(BRIDGE), group, DeviceTraits.PLAIN);
        group.set(0, rig.domain);
        var late = unit.add(Bdf.of(4, 2, 0), List.of(BRIDGE), group, DeviceTraits.PLAIN);

        assertThat(reaches(BRIDGE)).isTrue();
        assertThat(reaches(Bdf.of(4, 2, 0))).isTrue();
        unit.remove(late);
        assertThat(unit.find(Bdf.of(4, 2, 0).bits())).isNull();
        assertThat(reaches(BRIDGE)).isTrue();
        group.set(0, BlockingDomain.INSTANCE);
        assertThat(reaches(BRIDGE)).isFalse();
    }

    @Test
    void anAliasLastsAsLongAsOneOfItsDevicesAndOnesOwnIdAsLongAsOneself() {
        rig.map(0, 0, 1);
        group.set(0, rig.domain);
        var first = unit.add(Bdf.of(4, 1, 0), List.of(BRIDGE), group, DeviceTraits.PLAIN);
        var bridge = unit.add(BRIDGE, List.of(), group, DeviceTraits.PLAIN);
        var own = Objects.requireNonNull(unit.find(BRIDGE.bits()));
        assertThat(own).isSameAs(bridge.dma());

        unit.remove(bridge);
        assertThat(own.reaches(0, 0, true)).isFalse();
        assertThat(reaches(BRIDGE)).isTrue();
        var alias = Objects.requireNonNull(unit.find(BRIDGE.bits()));
        unit.remove(first);
        assertThat(alias.reaches(0, 0, true)).isFalse();
        assertThat(unit.find(BRIDGE.bits())).isNull();
        assertThat(rig.domain.attachments()).isZero();
        unit.add(BRIDGE, List.of(), new IommuGroup(1), DeviceTraits.PLAIN);
    }

    @Test
    void anAliasOfTwoGroupsIsRefused() {
        unit.add(Bdf.of(4, 1, 0), List.of(BRIDGE), group, DeviceTraits.PLAIN);

        assertThat(refusal(() -> unit.add(Bdf.of(4, 2, 0), List.of(BRIDGE), new IommuGroup(1), DeviceTraits.PLAIN)))
                .isEqualTo(Errno.EINVAL);
        assertThat(unit.find(Bdf.of(4, 2, 0).bits())).isNull();
    }

    @Test
    void removingTwiceIsRemovingOnce() {
        var device = unit.add(BRIDGE, List.of(), group, DeviceTraits.PLAIN);
        unit.remove(device);
        unit.add(BRIDGE, List.of(), group, DeviceTraits.PLAIN);

        unit.remove(device);

        assertThat(unit.find(BRIDGE.bits())).isNotNull();
    }

    @Test
    void whatFailsWhileADeviceIsAddedLeavesNothing() {
        for (int step = 1; step <= 2; step++) {
            rig.steps.failNth(step);
            assertThat(refusal(() -> unit.add(BRIDGE, List.of(), group, DeviceTraits.PLAIN)))
                    .isEqualTo(Errno.ENOMEM);
            rig.steps.disarm();

            assertThat(unit.find(BRIDGE.bits())).isNull();
            assertThat(group.devices()).isEmpty();
        }
    }

    @Test
    void pasidsAreAsWideAsBothSidesCan() {
        var wide = new DeviceTraits(20, true, true, true, true, List.of());
        var narrow = new DeviceTraits(5, true, true, true, true, List.of());

        assertThat(unit.add(BRIDGE, List.of(), group, wide).maxPasids()).isEqualTo(1 << 20);
        assertThat(unit.add(Bdf.of(4, 1, 0), List.of(), group, narrow).maxPasids())
                .isEqualTo(32);
        assertThat(unit.add(Bdf.of(4, 2, 0), List.of(), group, DeviceTraits.PLAIN)
                        .maxPasids())
                .isZero();
    }

    @Test
    void theInterruptWindowIsReservedForEveryDevice() {
        var own = new ReservedRegion(0x1000, 0x1FFF, ReservedRegion.Kind.DIRECT);
        var traits = new DeviceTraits(0, true, false, false, true, List.of(own));

        assertThat(unit.add(BRIDGE, List.of(), group, traits).reserved())
                .containsExactly(new ReservedRegion(0xFEE0_0000L, 0xFEEF_FFFFL, ReservedRegion.Kind.MSI), own);
    }

    @Test
    void whatAUnitCannotIsNotSupported() {
        var settings = new UnitSettings(
                "plain", TableFormat.VTD_48, 0x100_0000, 0x7FFF_FFFF, false, 0, false, false, false, true, 0, 0);
        var plain = new IommuUnit(settings, rig.frames, rig.steps);
        var stage = new StageOne(0x1000, 48, 0);

        assertThat(refusal(() -> plain.newPagingDomain(new DomainOptions(true, false, false))))
                .isEqualTo(Errno.EOPNOTSUPP);
        assertThat(refusal(() -> plain.newPagingDomain(new DomainOptions(false, true, false))))
                .isEqualTo(Errno.EOPNOTSUPP);
        var parent = plain.newPagingDomain(DomainOptions.PLAIN);
        assertThat(refusal(() -> plain.newNestedDomain(parent, stage))).isEqualTo(Errno.EOPNOTSUPP);
        assertThat(refusal(() -> unit.newNestedDomain(rig.domain, stage))).isEqualTo(Errno.EINVAL);
        assertThatThrownBy(() -> parent.map(new Iova(0xFF_F000), rig.all.part(0, 0x2000), true, true))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void coherencyIsEnforcedIfAllCanAndThenForGood() {
        var settings = new UnitSettings(
                "lax", TableFormat.VTD_48, 0, TableFormat.VTD_48.last(), true, 20, true, true, false, true, 0, 0);
        var lax = new IommuUnit(settings, rig.frames, rig.steps);
        var laxGroup = new IommuGroup(1);
        lax.add(Bdf.of(1, 0, 0), List.of(), laxGroup, DeviceTraits.PLAIN);

        laxGroup.set(0, rig.domain);
        assertThat(rig.domain.enforceCoherency()).isFalse();
        laxGroup.set(0, BlockingDomain.INSTANCE);
        assertThat(rig.domain.enforceCoherency()).isTrue();
        assertThat(refusal(() -> laxGroup.set(0, rig.domain))).isEqualTo(Errno.EINVAL);
        assertThat(rig.domain.isCoherent()).isTrue();
    }

    @Test
    void aMappingThatRunsOutOfTablesIsNotThere() {
        int nodes = rig.domain.tableNodes();
        for (int step = 1; step <= 5; step++) {
            rig.steps.failNth(step);
            assertThat(refusal(() -> rig.map(0x3FFF_E000L, 0, 4))).isEqualTo(Errno.ENOMEM);
            var passed = rig.steps.disarm();

            assertThat(passed).hasSize(step).containsOnly("iommu.map.node");
            assertThat(rig.domain.pageShift(new Iova(0x3FFF_E000L))).isEqualTo(-1);
            assertThat(rig.domain.frameAt(new Iova(0x3FFF_F000L))).isEqualTo(-1);
            assertThat(rig.domain.tableNodes()).isEqualTo(nodes);
        }
        rig.map(0x3FFF_E000L, 0, 4);
        assertThat(rig.domain.frameAt(new Iova(0x4000_0000L))).isEqualTo(rig.all.first() + 0x2000);
    }

    @Test
    void theLogHearsOfDevicesDomainsAndFaults() {
        var lines = new ArrayList<String>();
        var trace = new Trace("vm", told -> lines.add(told.text()));
        trace.set(Item.IOMMU, true);
        unit.traceTo(trace);
        var device = unit.add(BRIDGE, List.of(), group, DmaRig.ABLE);

        group.set(5, rig.domain);
        device.dma().write(5, 0x1000, new byte[1], 0, 1);
        device.dma().read(0, 0x2000, new byte[1], 0, 1);
        unit.remove(device);

        assertThat(lines)
                .containsExactly(
                        "dmar0: 0000:04:00.0 added to group 0",
                        "dmar0: 0000:04:00.0 PASID 5 in " + rig.domain,
                        "dmar0: 0000:04:00.0 PASID 5 writes 0x1000: NOT_PRESENT (0x79)",
                        "dmar0: 0000:04:00.0 reads 0x2000: BLOCKED (0x59)",
                        "dmar0: 0000:04:00.0 removed");
    }
}
