package io.sluice.vfio.host.iommu;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.address.Iova;
import io.sluice.vmm.memory.HostMemory;
import io.sluice.vmm.pci.DmaRuns;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Four devices write without a pause, each by several ways, while everything is taken away from them, at random. What
/// was taken away is wiped as soon as the call has returned, and stays so.
@Timeout(120)
final class DmaStormTest {
    private static final int PAGE = DmaRig.PAGE;
    private static final int DEVICES = 4;
    private static final int PASID = 5;
    /// Pages of one device and PASID.
    private static final int SHARE = 8;
    private static final long NANOS = 3_000_000_000L;
    private static final int TURNS = 40;
    private static final long PAUSE_NANOS = 300_000;
    private static final byte[] NOTHING = new byte[SHARE * PAGE];

    private final DmaRig rig = new DmaRig(2 * DEVICES * SHARE);
    private final IommuDevice[] devices = new IommuDevice[DEVICES];
    private final PagingDomain[] domains = new PagingDomain[2 * DEVICES];
    private final AtomicLong[] written = new AtomicLong[2 * DEVICES];
    private final List<Thread> threads = new ArrayList<>();
    private final IommuGroup[] groups = new IommuGroup[DEVICES];
    private volatile boolean over;

    @AfterEach
    void close() throws InterruptedException {
        over = true;
        for (var thread : threads) {
            thread.join();
        }
        rig.close();
    }

    /// One device: requests of 64 KiB and less, lists, and translations of its own, without a PASID and with one.
    private final class Writer implements Runnable {
        private final int number;
        private final byte[] data = new byte[SHARE * PAGE];
        private final DmaRuns list = new DmaRuns(4);
        private IommuDevice device;
        private DeviceTlb tlb;

        Writer(int number) {
            this.number = number;
            device = devices[number];
            tlb = device.enableAts();
            Arrays.fill(data, (byte) (number + 1));
        }

        @Override
        public void run() {
            for (int turn = 0; !over; turn++) {
                int pasid = turn & 1;
                if (device != devices[number]) {
                    device = devices[number];
                    tlb = device.enableAts();
                }
                if (write(pasid * PASID, turn >> 1 & 3)) {
                    written[2 * number + pasid].incrementAndGet();
                }
            }
        }

        private boolean write(int pasid, int way) {
            var dma = device.dma();
            return switch (way) {
                case 0 -> dma.write(pasid, 0, data, 0, data.length);
                case 1 -> dma.write(pasid, 3 * PAGE - 5, data, 0, 10);
                case 2 -> {
                    list.clear();
                    list.add(new Iova(100), 3 * PAGE);
                    list.add(new Iova(6 * PAGE), PAGE);
                    yield dma.access(pasid, list, true, () -> {
                        for (int i = 0; i < list.runs(); i++) {
                            HostMemory.fill(list.host(i), list.runLength(i), 9);
                        }
                    });
                }
                default -> {
                    for (int page = 0; page < SHARE; page++) {
                        tlb.translate(pasid, (long) page * PAGE, true);
                    }
                    yield tlb.write(pasid, 0, data, 0, data.length) == data.length;
                }
            };
        }
    }

    private void build() {
        rig.unit.onFault((requester, pasid, iova, write, why) -> {});
        for (int i = 0; i < 2 * DEVICES; i++) {
            domains[i] = rig.newDomain();
            written[i] = new AtomicLong();
            rig.map(domains[i], 0, i * SHARE, SHARE);
        }
        for (int i = 0; i < DEVICES; i++) {
            groups[i] = new IommuGroup(i);
            devices[i] = add(i);
            groups[i].set(0, domains[2 * i]);
            groups[i].set(PASID, domains[2 * i + 1]);
            threads.add(Thread.ofPlatform().start(new Writer(i)));
        }
    }

    private IommuDevice add(int number) {
        return rig.unit.add(new Bdf(number + 1 << 3), List.of(), groups[number], DmaRig.ABLE);
    }

    private void awaitWrites(int share) {
        long seen = written[share].get();
        while (written[share].get() < seen + 2) {
            Thread.yield();
        }
    }

    /// Wipes a share, which nobody may write to any more.
    private void assertUntouched(String what, int share) {
        long base = rig.ram.base() + (long) share * SHARE * PAGE;
        HostMemory.fill(base, (long) SHARE * PAGE, 0);
        for (int i = 0; i < 3; i++) {
            // So that a device that was stopped in the middle goes on, if it can.
            LockSupport.parkNanos(PAUSE_NANOS);
            assertThat(Arrays.equals(rig.bytes(share * SHARE, 0, SHARE * PAGE), NOTHING))
                    .as(what)
                    .isTrue();
        }
    }

    @Test
    void whateverIsTakenAwayIsNotWrittenTo() {
        build();
        long seed = 20_261_121;
        System.out.println("seed " + seed);
        var random = new SplittableRandom(seed);
        int turns = 0;
        for (long end = System.nanoTime() + NANOS; turns < TURNS || System.nanoTime() < end; turns++) {
            int number = random.nextInt(DEVICES);
            int plain = 2 * number;
            awaitWrites(plain);
            awaitWrites(plain + 1);
            switch (random.nextInt(5)) {
                case 0 -> {
                    int share = plain + random.nextInt(2);
                    domains[share].unmap(new Iova(0), SHARE * PAGE);
                    assertUntouched("unmapped", share);
                    rig.map(domains[share], 0, share * SHARE, SHARE);
                }
                case 1 -> {
                    groups[number].set(PASID, BlockingDomain.INSTANCE);
                    assertUntouched("PASID detached", plain + 1);
                    groups[number].set(PASID, domains[plain + 1]);
                }
                case 2 -> {
                    groups[number].stageReset();
                    assertUntouched("reset", plain);
                    assertUntouched("reset", plain + 1);
                    groups[number].endReset();
                }
                case 3 -> {
                    rig.unit.remove(devices[number]);
                    assertUntouched("removed", plain);
                    assertUntouched("removed", plain + 1);
                    devices[number] = add(number);
                }
                default -> {
                    groups[number].set(0, domains[plain + 1]);
                    assertUntouched("replaced", plain);
                    groups[number].set(0, domains[plain]);
                }
            }
        }
    }

    @Test
    void severalDevicesByOneRequesterIdAreServedOneByOne() {
        rig.unit.onFault((requester, pasid, iova, write, why) -> {});
        var group = new IommuGroup(9);
        var bridge = new Bdf(0x100);
        rig.unit.add(new Bdf(0x108), List.of(bridge), group, DeviceTraits.PLAIN);
        rig.unit.add(new Bdf(0x110), List.of(bridge), group, DeviceTraits.PLAIN);
        var shared = java.util.Objects.requireNonNull(rig.unit.find(bridge.bits()));
        var domain = rig.newDomain();
        var count = new AtomicLong();
        for (int i = 0; i < 3; i++) {
            var data = new byte[SHARE * PAGE];
            threads.add(Thread.ofPlatform().start(() -> {
                while (!over) {
                    if (shared.write(0, 0, data, 0, data.length)) {
                        count.incrementAndGet();
                    }
                    data[0]++;
                    data[data.length - 1]++;
                }
            }));
        }
        for (int i = 0; i < 40; i++) {
            rig.map(domain, 0, 0, SHARE);
            group.set(0, domain);
            long seen = count.get();
            while (count.get() < seen + 2) {
                Thread.yield();
            }

            group.set(0, BlockingDomain.INSTANCE);

            assertUntouched("detached", 0);
            domain.unmap(new Iova(0), SHARE * PAGE);
        }
    }

    @Test
    void aGuestThatChangesItsTablesUnderTheWalkIsObeyedOnceItHasSaidSo() {
        rig.unit.onFault((requester, pasid, iova, write, why) -> {});
        var parent = rig.unit.newPagingDomain(new DomainOptions(false, true, false));
        rig.map(parent, 0, 0, 2 * DEVICES * SHARE);
        var tables = new GuestTables(rig, parent, 4, 0);
        long all = GuestTables.P | GuestTables.RW | GuestTables.US;
        tables.map(0x7000_0000L, 16L * PAGE, 0, all);
        long leaf = tables.entryAt(0x7000_0000L, 0);
        var nested = rig.unit.newNestedDomain(parent, new StageOne(tables.root, 48, 0));
        var device = rig.able(1);
        device.group().set(PASID, nested);
        var count = new AtomicLong();
        var data = new byte[PAGE];
        Arrays.fill(data, (byte) 3);
        threads.add(Thread.ofPlatform().start(() -> {
            while (!over) {
                count.addAndGet(device.dma().write(PASID, 0x7000_0000L, data, 0, PAGE) ? 1 : 0);
            }
        }));
        int[] pages = {16, 24};
        for (int i = 0; i < 300; i++) {
            long seen = count.get();
            while (count.get() == seen) {
                Thread.yield();
            }
            int old = pages[i & 1];
            tables.put(leaf, (long) pages[i + 1 & 1] * PAGE | all);

            nested.invalidate(0x7000_0000L, 1, true);

            HostMemory.fill(rig.ram.base() + (long) old * PAGE, PAGE, 0);
            assertThat(Arrays.equals(rig.bytes(old, 0, PAGE), new byte[PAGE])).isTrue();
        }
        parent.unmap(new Iova(0), 2L * DEVICES * SHARE * PAGE);
        var before = rig.bytes(16, 0, PAGE);
        HostMemory.fill(rig.ram.base(), rig.ram.size(), 0);
        assertThat(rig.bytes(16, 0, PAGE)).isEqualTo(new byte[PAGE]).hasSameSizeAs(before);
    }
}
