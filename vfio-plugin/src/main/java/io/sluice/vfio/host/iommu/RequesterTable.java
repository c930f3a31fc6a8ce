package io.sluice.vfio.host.iommu;

import io.sluice.vmm.address.Bdf;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/// Requester ids and their ways to memory, by bus and then by device and function. Any thread finds; changes are
/// guarded
/// by the unit.
final class RequesterTable {
    private static final int SIZE = 256;

    private final AtomicReferenceArray<@Nullable AtomicReferenceArray<@Nullable DmaContext>> buses =
            new AtomicReferenceArray<>(SIZE);

    /// Null if it is nobody's.
    @Nullable
    DmaContext find(int requester) {
        var bus = buses.get(requester >>> 8);
        return bus == null ? null : bus.get(requester & SIZE - 1);
    }

    void put(Bdf requester, @Nullable DmaContext context) {
        var bus = buses.get(requester.bus());
        if (bus == null) {
            bus = new AtomicReferenceArray<>(SIZE);
            buses.set(requester.bus(), bus);
        }
        bus.set(requester.bits() & SIZE - 1, context);
    }
}
