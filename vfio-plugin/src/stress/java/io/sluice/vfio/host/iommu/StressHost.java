package io.sluice.vfio.host.iommu;

import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.memory.HostFrames;
import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.address.Iova;
import io.sluice.vmm.memory.GuestRam;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/// A device, its IOMMU and a page of memory for each state of a stress test; the memory itself is of all of them.
final class StressHost {
    static final int PAGE = 4096;

    private static final int PAGES = 1 << 14;
    private static final byte[] ONE = {1};
    private static final GuestRam RAM = GuestRam.allocate((long) PAGES * PAGE);
    private static final HostFrames FRAMES = new HostFrames();
    private static final HostFrames.Run ALL = FRAMES.add(RAM);
    private static final AtomicInteger NEXT = new AtomicInteger();

    private final int page = NEXT.getAndAdd(2) & PAGES - 1;
    final PagingDomain domain;
    final PagingDomain other;
    final DmaContext device;

    StressHost() {
        var unit = new IommuUnit(UnitSettings.vtd("dmar0"), FRAMES, new Steps());
        unit.onFault((requester, pasid, iova, write, why) -> {});
        domain = unit.newPagingDomain(DomainOptions.PLAIN);
        other = unit.newPagingDomain(DomainOptions.PLAIN);
        map(domain, page);
        map(other, page + 1);
        device = unit.add(new Bdf(8), List.of(), new IommuGroup(1), DeviceTraits.PLAIN)
                .dma();
        device.set(0, domain);
        RAM.write((long) page * PAGE, new byte[1]);
        RAM.write((long) (page + 1) * PAGE, new byte[1]);
    }

    private static void map(PagingDomain to, int page) {
        to.map(new Iova(0), ALL.part((long) page * PAGE, PAGE), true, true);
    }

    /// The device writes a one to the first byte that it reaches at 0.
    void write() {
        device.write(0, 0, ONE, 0, 1);
    }

    /// The first byte of the page that `domain` leads to.
    int memory() {
        var octet = new byte[1];
        RAM.read((long) page * PAGE, octet, 0, 1);
        return octet[0];
    }

    /// How many ranges are dirty; they are clean then.
    int takeDirty() {
        var count = new int[1];
        domain.readDirty(new Iova(0), PAGE, true, (iova, length) -> count[0]++);
        return count[0];
    }
}
