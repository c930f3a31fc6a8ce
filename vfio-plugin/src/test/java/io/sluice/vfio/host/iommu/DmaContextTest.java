package io.sluice.vfio.host.iommu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.address.Iova;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
final class DmaContextTest {
    private static final int PAGE = DmaRig.PAGE;

    private final DmaRig rig = new DmaRig(64);
    private final DmaContext device = rig.context(1);

    @AfterEach
    void close() {
        rig.close();
    }

    private static byte[] pattern(int length) {
        var bytes = new byte[length];
        new SplittableRandom(7).nextBytes(bytes);
        return bytes;
    }

    @Test
    void aNewRequesterReachesNothing() {
        var data = new byte[] {1, 2};

        assertThat(device.read(0, 0, data, 0, 2)).isFalse();
        assertThat(device.write(5, 0x1000, data, 0, 2)).isFalse();

        assertThat(data).containsOnly(-1);
        assertThat(rig.faults).containsExactly("0 0 read BLOCKED", "5 1000 write BLOCKED");
    }

    @Test
    void whatIsWrittenIsReadAcrossPagesInAnyOrderOfFrames() {
        for (int i = 0; i < 40; i++) {
            rig.map(0x10_0000 + i * PAGE, 63 - i, 1);
        }
        device.set(0, rig.domain);
        var sent = pattern(39 * PAGE + 77);
        var back = new byte[sent.length];

        assertThat(device.write(0, 0x10_0003, sent, 0, sent.length)).isTrue();
        assertThat(device.read(0, 0x10_0003, back, 0, back.length)).isTrue();

        assertThat(back).isEqualTo(sent);
        assertThat(rig.bytes(63, 3, 100)).isEqualTo(java.util.Arrays.copyOf(sent, 100));
        assertThat(rig.faults).isEmpty();
    }

    @Test
    void aRequestThatRunsOutOfItsMappingStopsThereAndSaysWhere() {
        rig.map(0x4000, 0, 2);
        device.set(0, rig.domain);
        var read = pattern(3 * PAGE);

        boolean whole = device.read(0, 0x4000, read, 0, read.length);

        assertThat(whole).isFalse();
        assertThat(read).startsWith(new byte[2 * PAGE]).endsWith(-1, -1, -1);
        assertThat(rig.faults).containsExactly("0 6000 read NOT_PRESENT");
    }

    @Test
    void aReadOnlyPageIsNotWritten() {
        rig.domain.map(new Iova(0x4000), rig.all.part(0, PAGE), true, false);
        device.set(0, rig.domain);

        assertThat(device.write(0, 0x4000, new byte[] {1}, 0, 1)).isFalse();
        assertThat(device.read(0, 0x4000, new byte[1], 0, 1)).isTrue();

        assertThat(rig.bytes(0, 0, 1)).containsExactly(0);
        assertThat(rig.faults).containsExactly("0 4000 write NOT_ALLOWED");
    }

    @Test
    void eachPasidHasItsOwnDomain() {
        var other = rig.newDomain();
        rig.map(0x4000, 1, 1);
        rig.map(other, 0x4000, 2, 1);
        device.set(0, rig.domain);
        device.set(7, other);
        device.set(3, rig.domain);

        device.write(7, 0x4000, new byte[] {7}, 0, 1);
        device.write(3, 0x4000, new byte[] {3}, 0, 1);
        device.write(4, 0x4000, new byte[] {4}, 0, 1);

        assertThat(rig.bytes(1, 0, 1)).containsExactly(3);
        assertThat(rig.bytes(2, 0, 1)).containsExactly(7);
        assertThat(rig.faults).containsExactly("4 4000 write BLOCKED");
    }

    @Test
    void whatIsUnmappedIsGoneFromTheCache() {
        rig.map(0, 0, 8);
        device.set(0, rig.domain);
        assertThat(device.read(0, 0, new byte[8 * PAGE], 0, 8 * PAGE)).isTrue();

        rig.unmap(0, 8);
        rig.map(0x5000, 9, 1);

        assertThat(device.reaches(0, 0x4000, false)).isFalse();
        device.write(0, 0x5000, new byte[] {9}, 0, 1);
        assertThat(rig.bytes(9, 0, 1)).containsExactly(9);
        assertThat(rig.bytes(5, 0, 1)).containsExactly(0);
    }

    @Test
    void aDomainThatItComesBackToIsLookedUpAnew() {
        rig.map(0, 0, 1);
        device.set(0, rig.domain);
        assertThat(device.reaches(0, 0, true)).isTrue();
        device.set(0, BlockingDomain.INSTANCE);

        rig.unmap(0, 1);
        device.set(0, rig.domain);

        assertThat(device.reaches(0, 0, true)).isFalse();
    }

    @Test
    void manyInvalidationsAreOneForAll() {
        rig.map(0, 0, 64);
        device.set(0, rig.domain);
        device.read(0, 0, new byte[64 * PAGE], 0, 64 * PAGE);

        for (int i = 0; i < 50; i++) {
            rig.unmap((long) i * PAGE, 1);
        }

        for (int i = 0; i < 64; i++) {
            assertThat(device.reaches(0, (long) i * PAGE, false)).isEqualTo(i >= 50);
        }
    }

    @Test
    void blockTakesEverythingAway() {
        rig.map(0, 0, 1);
        device.set(0, rig.domain);
        device.set(9, rig.domain);
        assertThat(rig.domain.attachments()).isEqualTo(2);

        device.close();

        assertThat(device.reaches(0, 0, false)).isFalse();
        assertThat(device.reaches(9, 0, false)).isFalse();
        assertThat(rig.domain.attachments()).isZero();
    }

    @Test
    void everyWriteSinceTheLastLookIsFoundDirty() {
        rig.map(0, 0, 16);
        device.set(0, rig.domain);
        device.write(0, 0, new byte[1], 0, 1);
        rig.domain.trackDirty(true);
        device.read(0, 3 * PAGE, new byte[1], 0, 1);
        device.write(0, 3 * PAGE, new byte[1], 0, 1);
        device.write(0, 5 * PAGE - 1, new byte[2], 0, 2);

        assertThat(dirty()).containsExactly(3L * PAGE, 4L * PAGE, 5L * PAGE);
        assertThat(dirty()).isEmpty();
        device.write(0, 3 * PAGE, new byte[1], 0, 1);
        assertThat(dirty()).containsExactly(3L * PAGE);
        rig.domain.trackDirty(false);
        device.write(0, 3 * PAGE, new byte[1], 0, 1);
        assertThat(dirty()).isEmpty();
    }

    private List<Long> dirty() {
        var all = new ArrayList<Long>();
        rig.domain.readDirty(new Iova(0), 16 * PAGE, true, (iova, length) -> all.add(iova.bits()));
        return all;
    }

    @Test
    void aWriteTellsTheMemorysOwnerOfTheCodeInIt() {
        var told = new ArrayList<String>();
        rig.ram.watch().listen((page, first, last) -> told.add(page + " " + first + ".." + last));
        rig.ram.watch().mark(4);
        rig.map(0, 3, 2);
        device.set(0, rig.domain);

        device.write(0, PAGE - 2, new byte[4], 0, 4);

        assertThat(told).containsExactly("4 0..1");
    }
}
