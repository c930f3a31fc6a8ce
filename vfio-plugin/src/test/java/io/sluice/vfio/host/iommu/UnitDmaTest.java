package io.sluice.vfio.host.iommu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.address.Iova;
import io.sluice.vmm.address.Pasid;
import io.sluice.vmm.memory.HostMemory;
import io.sluice.vmm.pci.DmaRuns;
import io.sluice.vmm.pci.DmaTarget;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a function sees that stands behind the IOMMU.
@Timeout(120)
final class UnitDmaTest {
    private static final int PAGE = DmaRig.PAGE;
    private static final Bdf NOBODY = Bdf.of(9, 0, 0);

    private final DmaRig rig = new DmaRig(64);
    private final DmaTarget target = rig.unit.dma();
    private final IommuDevice device = rig.able(1);
    private final Bdf requester = device.requester();
    private final DmaRuns list = new DmaRuns(2);
    private final List<String> interrupts = new ArrayList<>();

    @BeforeEach
    void map() {
        rig.unit.onInterrupt((from, address, data) ->
                interrupts.add(from + " " + Integer.toHexString(address) + " " + Integer.toHexString(data)));
        for (int i = 0; i < 8; i++) {
            rig.map(0x10_0000 + i * PAGE, 20 - 2 * i, 1);
        }
        device.group().set(0, rig.domain);
    }

    @AfterEach
    void close() {
        rig.close();
    }

    @Test
    void readsAndWritesGoByTheDomainOfTheRequester() {
        var back = new byte[3];

        assertThat(target.write(requester, null, new Iova(0x10_0FFE), new byte[] {1, 2, 3}, 0, 3))
                .isTrue();
        assertThat(target.read(requester, null, new Iova(0x10_0FFE), back, 0, 3))
                .isTrue();

        assertThat(back).containsExactly(1, 2, 3);
        assertThat(rig.bytes(20, 0xFFE, 2)).containsExactly(1, 2);
        assertThat(rig.bytes(18, 0, 1)).containsExactly(3);
    }

    @Test
    void aRequesterThatIsNobodysIsBlocked() {
        var back = new byte[2];
        list.add(new Iova(0x10_0000), 4);

        assertThat(target.read(NOBODY, null, new Iova(0x10_0000), back, 0, 2)).isFalse();
        assertThat(target.write(NOBODY, new Pasid(3), new Iova(0x10_0000), back, 0, 2))
                .isFalse();
        assertThat(target.access(NOBODY, null, list, true, () -> {})).isFalse();

        assertThat(back).containsOnly(-1);
        assertThat(rig.faults)
                .containsExactly(
                        "0 100000 read UNKNOWN_REQUESTER",
                        "3 100000 write UNKNOWN_REQUESTER",
                        "0 100000 write UNKNOWN_REQUESTER");
    }

    @Test
    void aPasidGoesByItsOwnDomain() {
        assertThat(target.write(requester, new Pasid(5), new Iova(0x10_0000), new byte[1], 0, 1))
                .isFalse();
        device.group().set(5, rig.domain);
        assertThat(target.write(requester, new Pasid(5), new Iova(0x10_0000), new byte[] {5}, 0, 1))
                .isTrue();

        assertThat(rig.bytes(20, 0, 1)).containsExactly(5);
        assertThat(rig.faults).containsExactly("5 100000 write BLOCKED");
    }

    @Test
    void aListIsShownAsTheRunsBehindIt() {
        var told = new ArrayList<String>();
        rig.ram.watch().listen((page, first, last) -> told.add(page + " " + first + ".." + last));
        rig.ram.watch().mark(18);
        list.add(new Iova(0x10_0800), PAGE);
        list.add(new Iova(0x10_4000), 16);
        var seen = new ArrayList<Integer>();

        boolean done = target.access(requester, null, list, true, () -> {
            for (int i = 0; i < list.runs(); i++) {
                seen.add(list.runLength(i));
                HostMemory.putByte(list.host(i), 7 + i);
            }
        });

        assertThat(done).isTrue();
        assertThat(seen).containsExactly(0x800, 0x800, 16);
        assertThat(rig.bytes(20, 0x800, 1)).containsExactly(7);
        assertThat(rig.bytes(18, 0, 1)).containsExactly(8);
        assertThat(rig.bytes(12, 0, 1)).containsExactly(9);
        assertThat(told).containsExactly("18 0..2047");
        assertThat(list.runs()).isZero();
    }

    @Test
    void aListWithAHoleIsNotTouched() {
        list.add(new Iova(0x10_0000), 16);
        list.add(new Iova(0x10_7FF0), 32);
        list.add(new Iova(0x10_1000), 16);

        boolean done = target.access(requester, null, list, false, () -> interrupts.add("used"));

        assertThat(done).isFalse();
        assertThat(list.resolved()).isEqualTo(1);
        assertThat(interrupts).isEmpty();
        assertThat(rig.faults).containsExactly("0 108000 read NOT_PRESENT");
    }

    @Test
    void whoTakesMemoryAwayWaitsUntilItsUserIsDone() throws InterruptedException {
        list.add(new Iova(0x10_0000), 16);
        var order = new ArrayList<String>();
        var away = Thread.ofPlatform().unstarted(() -> {
            rig.unmap(0x10_0000, 1);
            synchronized (order) {
                order.add("gone");
            }
        });

        target.access(requester, null, list, true, () -> {
            away.start();
            pause();
            synchronized (order) {
                order.add("used");
            }
        });

        away.join();
        assertThat(order).containsExactly("used", "gone");
    }

    private static void pause() {
        long until = System.nanoTime() + 30_000_000;
        while (System.nanoTime() < until) {
            Thread.onSpinWait();
        }
    }

    @Test
    void dmaFromWithinAnAccessIsAnErrorAndNotAHang() {
        list.add(new Iova(0x10_0000), 16);

        assertThatThrownBy(() -> target.access(
                        requester,
                        null,
                        list,
                        true,
                        () -> target.read(requester, null, new Iova(0x10_0000), new byte[1], 0, 1)))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> target.access(requester, null, list, true, () -> rig.unmap(0x10_0000, 1)))
                .isInstanceOf(IllegalStateException.class);
        assertThat(target.read(requester, null, new Iova(0x10_1000), new byte[1], 0, 1))
                .isTrue();
    }

    // ---- interrupts

    @Test
    void fourBytesToTheWindowAreAnInterrupt() {
        var message = new byte[] {0, 0x31, (byte) 0x80, 0, (byte) 0xFF};

        assertThat(target.write(requester, null, new Iova(0xFEE0_1004L), message, 1, 4))
                .isTrue();

        assertThat(interrupts).containsExactly("0000:00:01.0 fee01004 ff008031");
        assertThat(rig.faults).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"0xFEE00000, 8", "0xFEE00002, 4", "0xFEEFFFFF, 1", "0xFEE00000, 3", "0xFEE00000, 4096"})
    void anyOtherWriteToTheWindowGoesNowhere(String iova, int length) {
        rig.map(0xFEE0_0000L, 30, 1);
        rig.map(0xFEEF_F000L, 31, 2);

        assertThat(target.write(requester, null, new Iova(Long.decode(iova)), new byte[length], 0, length))
                .isFalse();

        assertThat(interrupts).isEmpty();
        assertThat(rig.faults)
                .containsExactly(
                        "0 " + iova.substring(2).toLowerCase(java.util.Locale.ROOT) + " write INTERRUPT_ADDRESS");
    }

    @Test
    void theWindowIsNotRead() {
        rig.map(0xFEDF_F000L, 30, 3);
        var back = new byte[2 * PAGE];
        list.add(new Iova(0xFEE0_0000L), 4);

        assertThat(target.read(requester, null, new Iova(0xFEDF_F000L), back, 0, 2 * PAGE))
                .isFalse();
        assertThat(target.access(requester, null, list, true, () -> {})).isFalse();

        assertThat(back).startsWith(new byte[PAGE]).endsWith(-1, -1);
        assertThat(rig.faults)
                .containsExactly("0 fee00000 read INTERRUPT_ADDRESS", "0 fee00000 write INTERRUPT_ADDRESS");
    }

    @Test
    void withAPasidTheWindowIsMemory() {
        rig.map(0xFEE0_0000L, 30, 1);
        device.group().set(5, rig.domain);

        assertThat(target.write(requester, new Pasid(5), new Iova(0xFEE0_0000L), new byte[] {5, 5, 5, 5}, 0, 4))
                .isTrue();

        assertThat(rig.bytes(30, 0, 1)).containsExactly(5);
        assertThat(interrupts).isEmpty();
        assertThat(target.read(requester, null, new Iova(0xFEE0_0000L), new byte[4], 0, 4))
                .isFalse();
    }

    @Test
    void aBlockedDeviceStillInterruptsAndARemovedOneDoesNot() {
        device.group().set(0, BlockingDomain.INSTANCE);
        assertThat(target.write(requester, null, new Iova(0xFEE0_0000L), new byte[4], 0, 4))
                .isTrue();
        rig.unit.remove(device);

        assertThat(target.write(requester, null, new Iova(0xFEE0_0000L), new byte[4], 0, 4))
                .isFalse();
        assertThat(device.dma().write(0, 0xFEE0_0000L, new byte[4], 0, 4)).isFalse();
        assertThat(interrupts).hasSize(1);
    }
}
