package io.sluice.vfio.host.iommu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vmm.address.Iova;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Translations that a device holds itself.
@Timeout(120)
final class DeviceTlbTest {
    private static final int PAGE = DmaRig.PAGE;
    private static final int PASID = 9;

    private final DmaRig rig = new DmaRig(64);
    private final IommuDevice device = rig.able(1);
    private final DeviceTlb tlb = device.enableAts();
    private final byte[] bytes = new byte[4 * PAGE];

    @BeforeEach
    void set() {
        rig.map(0x4000, 0, 4);
        device.group().set(PASID, rig.domain);
        device.group().set(0, rig.domain);
    }

    @AfterEach
    void close() {
        rig.close();
    }

    @Test
    void translatedRequestsGoAsFarAsTranslationsAreHeld() {
        assertThat(tlb.translate(PASID, 0x4000, true)).isEqualTo(DeviceTlb.READ | DeviceTlb.WRITE);
        tlb.translate(PASID, 0x5000, true);
        bytes[PAGE] = 5;

        assertThat(tlb.write(PASID, 0x4000, bytes, 0, 4 * PAGE)).isEqualTo(2 * PAGE);
        assertThat(tlb.read(PASID, 0x5000, bytes, 0, 1)).isEqualTo(1);
        assertThat(tlb.read(PASID, 0x6000, bytes, 0, 1)).isZero();

        assertThat(rig.bytes(1, 0, 1)).containsExactly(5);
        assertThat(rig.faults).isEmpty();
    }

    @Test
    void aPageThatIsNotThereIsNoFaultAndAPasidThatIsNotIsOne() {
        assertThat(tlb.translate(PASID, 0x9000, false)).isZero();
        assertThat(rig.faults).isEmpty();

        assertThat(tlb.translate(PASID + 1, 0x4000, false)).isZero();
        assertThat(tlb.translate(0, 0xFEE0_0000L, true)).isZero();
        assertThat(rig.faults).containsExactly("10 4000 read BLOCKED", "0 fee00000 read INTERRUPT_ADDRESS");
    }

    @Test
    void aReadOnlyPageIsHeldAsThat() {
        rig.domain.map(new Iova(0x9000), rig.all.part(9 * PAGE, PAGE), true, false);

        assertThat(tlb.translate(PASID, 0x9000, true)).isZero();
        assertThat(tlb.translate(PASID, 0x9000, false)).isEqualTo(DeviceTlb.READ);
        assertThat(tlb.write(PASID, 0x9000, bytes, 0, 1)).isZero();
    }

    @Test
    void anUnmapTakesWhatTheDeviceHolds() {
        tlb.translate(PASID, 0x4000, true);
        tlb.translate(0, 0x4000, true);
        tlb.translate(PASID, 0x5000, true);
        tlb.translate(0, 0x5000, true);

        rig.unmap(0x4000, 1);

        assertThat(tlb.write(PASID, 0x4000, bytes, 0, 1)).isZero();
        assertThat(tlb.write(0, 0x4000, bytes, 0, 1)).isZero();
        assertThat(tlb.write(PASID, 0x5000, bytes, 0, 1)).isEqualTo(1);
        assertThat(tlb.held()).isEqualTo(1);
    }

    @Test
    void aDetachTakesWhatTheDeviceHolds() {
        tlb.translate(PASID, 0x4000, true);

        device.group().set(PASID, BlockingDomain.INSTANCE);
        assertThat(tlb.write(PASID, 0x4000, bytes, 0, 1)).isZero();
        device.group().set(PASID, rig.domain);

        assertThat(tlb.write(PASID, 0x4000, bytes, 0, 1)).isZero();
    }

    @Test
    void aTranslationForWritingIsNotedAsAWrite() {
        rig.domain.trackDirty(true);
        tlb.translate(PASID, 0x4000, false);
        tlb.translate(PASID, 0x5000, true);
        var dirty = new java.util.ArrayList<Long>();

        rig.domain.readDirty(new Iova(0x4000), 4 * PAGE, true, (iova, length) -> dirty.add(iova.bits()));

        assertThat(dirty).containsExactly(0x5000L);
        assertThat(tlb.write(PASID, 0x4000, bytes, 0, 1)).isZero();
        assertThat(tlb.write(PASID, 0x5000, bytes, 0, 1))
                .as("to be asked for anew")
                .isZero();
    }

    @Test
    void afterAtsIsOffTranslatedRequestsAreFaults() {
        tlb.translate(PASID, 0x4000, true);

        device.disableAts();

        assertThat(tlb.write(PASID, 0x4000, bytes, 0, 1)).isZero();
        assertThat(tlb.translate(PASID, 0x4000, true)).isZero();
        assertThat(rig.faults).containsExactly("9 4000 write TRANSLATED_BLOCKED", "9 4000 write TRANSLATED_BLOCKED");
        assertThat(device.dma().write(PASID, 0x4000, bytes, 0, 1)).isTrue();
        var again = device.enableAts();
        assertThat(again.write(PASID, 0x4000, bytes, 0, 1)).isZero();
        assertThat(tlb.write(PASID, 0x4000, bytes, 0, 1)).isZero();
    }

    @Test
    void aDeviceWithoutAtsHoldsNothing() {
        assertThat(catchThrowableOfType(HostException.class, () -> rig.device(2).enableAts())
                        .errno())
                .isEqualTo(Errno.EOPNOTSUPP);
    }
}
