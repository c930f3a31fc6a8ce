package io.sluice.vfio.host.iommu;

import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.memory.HostFrames;
import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.address.Iova;
import io.sluice.vmm.memory.GuestRam;
import java.util.ArrayList;
import java.util.List;

/// A domain, host memory, and requester ids; what faults is written down.
final class DmaRig implements AutoCloseable {
    static final int PAGE = 4096;

    final HostFrames frames = new HostFrames();
    final GuestRam ram;
    final HostFrames.Run all;
    final Steps steps = new Steps();
    final IommuUnit unit = new IommuUnit(UnitSettings.vtd("dmar0"), frames, steps);
    final PagingDomain domain = newDomain();
    final List<String> faults = new ArrayList<>();

    DmaRig(int pages) {
        ram = GuestRam.allocate((long) pages * PAGE);
        all = frames.add(ram);
        unit.onFault((requester, pasid, iova, write, reason) ->
                faults.add(pasid + " " + Long.toHexString(iova) + (write ? " write " : " read ") + reason));
    }

    /// All that a device can be: PASIDs of 20 bits, ATS, PRI.
    static final DeviceTraits ABLE = new DeviceTraits(20, true, true, true, true, List.of());

    IommuDevice able(int number) {
        return unit.add(new Bdf(number << 3), List.of(), new IommuGroup(number), ABLE);
    }

    PagingDomain newDomain() {
        return unit.newPagingDomain(DomainOptions.PLAIN);
    }

    IommuDevice device(int number) {
        return unit.add(new Bdf(number << 3), List.of(), new IommuGroup(number), DeviceTraits.PLAIN);
    }

    DmaContext context(int device) {
        return device(device).dma();
    }

    /// Maps pages of the memory, readable and writable.
    void map(long iova, int page, int pages) {
        map(domain, iova, page, pages);
    }

    void map(PagingDomain to, long iova, int page, int pages) {
        to.map(new Iova(iova), all.part((long) page * PAGE, (long) pages * PAGE), true, true);
    }

    void unmap(long iova, int pages) {
        domain.unmap(new Iova(iova), (long) pages * PAGE);
    }

    byte[] bytes(int page, int at, int length) {
        var read = new byte[length];
        ram.read((long) page * PAGE + at, read, 0, length);
        return read;
    }

    @Override
    public void close() {
        frames.remove(all);
        ram.close();
    }
}
