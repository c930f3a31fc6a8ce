package io.sluice.vfio.host.iommu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vmm.address.Bdf;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
final class IommuGroupTest {
    private static final Domain BLOCKING = BlockingDomain.INSTANCE;
    private static final DeviceTraits PASIDS = new DeviceTraits(8, true, false, false, true, List.of());

    private final DmaRig rig = new DmaRig(8);
    private final IommuGroup group = new IommuGroup(3);
    private final Object owner = new Object();
    private final Object other = new Object();
    private final IommuDevice first = add(1, PASIDS);
    private final IommuDevice second = add(2, DeviceTraits.PLAIN);
    private final IommuDevice third = add(3, PASIDS);
    private final PagingDomain elsewhere = rig.newDomain();

    @BeforeEach
    void map() {
        rig.map(0, 0, 1);
        rig.map(elsewhere, 0x1000, 1, 1);
    }

    @AfterEach
    void close() {
        rig.close();
    }

    private IommuDevice add(int number, DeviceTraits traits) {
        return rig.unit.add(new Bdf(number << 3), List.of(), group, traits);
    }

    private static Errno refusal(ThrowingCallable call) {
        return catchThrowableOfType(HostException.class, call).errno();
    }

    private static boolean reaches(IommuDevice device, int pasid, long iova) {
        return device.dma().reaches(pasid, iova, false);
    }

    // ---- ownership

    @Test
    void aSecondOwnerIsRefusedAndTheSameCountsUp() {
        group.claim(owner);
        group.claim(owner);

        assertThat(refusal(() -> group.claim(other))).isEqualTo(Errno.EPERM);
        group.release(owner);
        assertThat(group.owner()).isSameAs(owner);
        assertThat(refusal(() -> group.claim(other))).isEqualTo(Errno.EPERM);
        group.release(owner);
        assertThat(group.owner()).isNull();
        group.claim(other);
    }

    @Test
    void aGroupThatADriverUsesIsNotClaimed() {
        group.useNatively();
        group.useNatively();
        group.dropNative();

        assertThat(refusal(() -> group.claim(owner))).isEqualTo(Errno.EBUSY);
        assertThat(group.owner()).isNull();

        group.dropNative();
        group.claim(owner);
    }

    @Test
    void anOwnedGroupHasNoDrivers() {
        group.claim(owner);

        assertThat(refusal(group::useNatively)).isEqualTo(Errno.EBUSY);
        group.release(owner);
        group.useNatively();
    }

    @Test
    void aGroupWhoseDomainWasChangedIsNeitherClaimedNorUsedNatively() {
        group.set(0, rig.domain);

        assertThat(refusal(() -> group.claim(owner))).isEqualTo(Errno.EBUSY);
        assertThat(refusal(group::useNatively)).isEqualTo(Errno.EBUSY);
        group.set(0, BLOCKING);
        group.set(5, rig.domain);
        assertThat(refusal(() -> group.claim(owner))).isEqualTo(Errno.EBUSY);
        assertThat(refusal(group::useNatively)).isEqualTo(Errno.EBUSY);
        group.set(5, BLOCKING);
        group.claim(owner);
    }

    @Test
    void aDriversDomainIsTakenAwayByTheClaimAndComesBackAtTheLastRelease() {
        group.setDefault(rig.domain);
        assertThat(reaches(first, 0, 0)).isTrue();

        group.claim(owner);
        assertThat(reaches(first, 0, 0)).isFalse();
        assertThat(group.domain(0)).isSameAs(BLOCKING);
        group.set(0, elsewhere);
        group.set(7, elsewhere);
        group.release(owner);

        assertThat(reaches(first, 0, 0)).isTrue();
        assertThat(reaches(second, 0, 0x1000)).isFalse();
        assertThat(reaches(first, 7, 0x1000)).isFalse();
        assertThat(elsewhere.attachments()).isZero();
    }

    @Test
    void theDefaultDomainIsNotChangedUnderAnybody() {
        group.useNatively();
        assertThat(refusal(() -> group.setDefault(rig.domain))).isEqualTo(Errno.EBUSY);
        assertThat(refusal(() -> group.set(0, rig.domain))).isEqualTo(Errno.EBUSY);
        group.dropNative();
        group.claim(owner);
        assertThat(refusal(() -> group.setDefault(rig.domain))).isEqualTo(Errno.EBUSY);
    }

    @Test
    void onlyTheOwnerReleases() {
        assertThatThrownBy(() -> group.release(owner)).isInstanceOf(IllegalStateException.class);
        group.claim(owner);
        assertThatThrownBy(() -> group.release(other)).isInstanceOf(IllegalStateException.class);
    }

    // ---- domains

    @Test
    void allDevicesAreInTheDomain() {
        group.claim(owner);

        group.set(0, rig.domain);

        assertThat(List.of(first, second, third)).allMatch(device -> reaches(device, 0, 0));
        assertThat(rig.domain.attachments()).isEqualTo(3);
        group.set(0, elsewhere);
        assertThat(List.of(first, second, third)).allMatch(device -> reaches(device, 0, 0x1000));
        assertThat(List.of(first, second, third)).noneMatch(device -> reaches(device, 0, 0));
        assertThat(rig.domain.attachments()).isZero();
    }

    @Test
    void ifOneDeviceFailsAllAreInTheOldDomain() {
        group.claim(owner);
        group.set(0, rig.domain);

        for (int step = 1; step <= 3; step++) {
            rig.steps.failNth(step);
            assertThat(refusal(() -> group.set(0, elsewhere))).isEqualTo(Errno.ENOMEM);
            rig.steps.disarm();

            assertThat(group.domain(0)).isSameAs(rig.domain);
            assertThat(List.of(first, second, third)).allMatch(device -> reaches(device, 0, 0));
            assertThat(elsewhere.attachments()).isZero();
        }
        group.set(0, elsewhere);
        assertThat(group.domain(0)).isSameAs(elsewhere);
    }

    @Test
    void ifOneDeviceFailsAPasidStaysAsItWas() {
        group.claim(owner);
        for (int step = 1; step <= 2; step++) {
            rig.steps.failNth(step);
            assertThat(refusal(() -> group.set(9, elsewhere))).isEqualTo(Errno.ENOMEM);
            rig.steps.disarm();

            assertThat(elsewhere.attachments()).isZero();
            assertThat(reaches(first, 9, 0x1000)).isFalse();
        }
        group.set(9, elsewhere);
        assertThat(elsewhere.attachments()).isEqualTo(2);
    }

    @Test
    void aPasidGoesToThoseThatSendAny() {
        group.claim(owner);

        group.set(255, elsewhere);

        assertThat(reaches(first, 255, 0x1000)).isTrue();
        assertThat(reaches(third, 255, 0x1000)).isTrue();
        assertThat(reaches(second, 255, 0x1000)).isFalse();
        assertThat(reaches(first, 0, 0x1000)).isFalse();
        assertThat(elsewhere.attachments()).isEqualTo(2);
    }

    @Test
    void aPasidThatNotAllCanSendIsRefused() {
        group.claim(owner);

        assertThat(refusal(() -> group.set(256, elsewhere))).isEqualTo(Errno.EINVAL);
        assertThat(refusal(() -> group.set(-1, elsewhere))).isEqualTo(Errno.EINVAL);
        assertThat(refusal(() -> group.set(1 << 20, elsewhere))).isEqualTo(Errno.EINVAL);
        var without = new IommuGroup(4);
        rig.unit.add(new Bdf(0x40), List.of(), without, DeviceTraits.PLAIN);
        assertThat(refusal(() -> without.set(1, elsewhere))).isEqualTo(Errno.EINVAL);
    }

    @Test
    void anIommuWithoutPasidsSaysSo() {
        var settings = new UnitSettings(
                "plain", TableFormat.VTD_48, 0, 0xFFFF_FFFFL, false, 0, false, false, false, true, 0, 0);
        var unit = new IommuUnit(settings, rig.frames, rig.steps);
        var alone = new IommuGroup(5);
        var device = unit.add(new Bdf(8), List.of(), alone, PASIDS);
        var domain = unit.newPagingDomain(DomainOptions.PLAIN);

        assertThat(device.maxPasids()).isZero();
        assertThat(refusal(() -> alone.set(1, domain))).isEqualTo(Errno.EOPNOTSUPP);
        alone.set(0, domain);
        assertThat(domain.aperture()).isEqualTo(new Aperture(0, 0xFFFF_FFFFL));
    }

    @Test
    void aDeviceThatCannotNoteWritesIsNotPutInADomainThatDoes() {
        var dirty = rig.unit.newPagingDomain(new DomainOptions(true, false, true));
        group.claim(owner);
        group.set(0, dirty);
        group.set(0, rig.domain);
        add(4, new DeviceTraits(0, false, false, false, true, List.of()));

        assertThat(refusal(() -> group.set(0, dirty))).isEqualTo(Errno.EINVAL);
        assertThat(group.domain(0)).isSameAs(rig.domain);
        group.set(1, dirty);
    }

    @Test
    void aDomainOfAnotherKindOfIommuIsRefused() {
        var settings =
                new UnitSettings("wide", TableFormat.VTD_57, 0, 1L << 50, true, 20, true, true, true, true, 0, 0);
        var wide = new IommuUnit(settings, rig.frames, rig.steps).newPagingDomain(DomainOptions.PLAIN);
        var twin = new IommuUnit(UnitSettings.vtd("dmar1"), rig.frames, rig.steps);

        assertThat(refusal(() -> group.set(0, wide))).isEqualTo(Errno.EINVAL);
        group.set(0, twin.newPagingDomain(DomainOptions.PLAIN));
    }

    // ---- reset

    @Test
    void whileItIsResetNothingGetsThroughAndNothingIsAttached() {
        group.claim(owner);
        group.set(0, rig.domain);
        group.set(4, elsewhere);

        group.stageReset();

        assertThat(reaches(first, 0, 0)).isFalse();
        assertThat(reaches(first, 4, 0x1000)).isFalse();
        assertThat(group.domain(0)).isSameAs(BLOCKING);
        assertThat(group.domain(4)).isSameAs(BLOCKING);
        assertThat(refusal(() -> group.set(0, elsewhere))).isEqualTo(Errno.EBUSY);
        assertThat(refusal(() -> group.set(8, elsewhere))).isEqualTo(Errno.EBUSY);
        assertThat(refusal(group::stageReset)).isEqualTo(Errno.EBUSY);

        group.endReset();

        assertThat(reaches(first, 0, 0)).isTrue();
        assertThat(reaches(third, 4, 0x1000)).isTrue();
        assertThat(group.domain(4)).isSameAs(elsewhere);
    }

    @Test
    void whatIsDetachedDuringAResetStaysSo() {
        group.claim(owner);
        group.set(0, rig.domain);
        group.set(4, elsewhere);
        group.stageReset();

        group.set(4, BLOCKING);
        group.set(0, BLOCKING);
        group.endReset();

        assertThat(reaches(first, 4, 0x1000)).isFalse();
        assertThat(reaches(first, 0, 0)).isFalse();
    }

    @Test
    void aGroupGivenBackDuringAResetIsAtHomeAfterwards() {
        group.setDefault(rig.domain);
        group.claim(owner);
        group.set(0, elsewhere);
        group.stageReset();

        group.release(owner);

        assertThat(reaches(first, 0, 0)).isFalse();
        assertThat(refusal(() -> group.claim(other))).isEqualTo(Errno.EBUSY);
        group.endReset();
        assertThat(reaches(first, 0, 0)).isTrue();
    }

    // ---- members

    @Test
    void aDeviceThatComesLaterIsInTheGroupsDomains() {
        group.claim(owner);
        group.set(0, rig.domain);
        group.set(200, elsewhere);

        var late = add(9, PASIDS);
        var narrow = add(10, new DeviceTraits(4, true, false, false, true, List.of()));

        assertThat(reaches(late, 0, 0)).isTrue();
        assertThat(reaches(late, 200, 0x1000)).isTrue();
        assertThat(reaches(narrow, 0, 0)).isTrue();
        assertThat(reaches(narrow, 200, 0x1000)).isFalse();
        assertThat(group.devices()).hasSize(5);
    }

    @Test
    void aDeviceThatComesDuringAResetWaitsForItsEnd() {
        group.claim(owner);
        group.set(0, rig.domain);
        group.stageReset();

        var late = add(9, PASIDS);

        assertThat(reaches(late, 0, 0)).isFalse();
        group.endReset();
        assertThat(reaches(late, 0, 0)).isTrue();
    }

    @Test
    void aDeviceThatDoesNotFitTheGroupsDomainDoesNotJoin() {
        group.claim(owner);
        group.set(0, rig.unit.newPagingDomain(new DomainOptions(true, false, false)));
        var blind = new DeviceTraits(0, false, false, false, true, List.of());

        assertThat(refusal(() -> add(9, blind))).isEqualTo(Errno.EINVAL);
        assertThat(group.devices()).containsExactly(first, second, third);
        add(9, PASIDS);
    }

    @Test
    void aDeviceThatLeavesTakesNothingWithIt() {
        group.claim(owner);
        group.set(0, rig.domain);
        group.set(4, rig.domain);

        rig.unit.remove(first);

        assertThat(reaches(first, 0, 0)).isFalse();
        assertThat(reaches(first, 4, 0)).isFalse();
        assertThat(reaches(second, 0, 0)).isTrue();
        assertThat(rig.domain.attachments()).isEqualTo(3);
        assertThat(group.owner()).isSameAs(owner);
        group.set(0, elsewhere);
        assertThat(reaches(first, 0, 0x1000)).isFalse();
    }
}
