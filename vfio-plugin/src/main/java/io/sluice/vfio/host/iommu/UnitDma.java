package io.sluice.vfio.host.iommu;

import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.address.Iova;
import io.sluice.vmm.address.Pasid;
import io.sluice.vmm.pci.DmaRuns;
import io.sluice.vmm.pci.DmaTarget;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// One IOMMU, as those who stand behind it send to it: by requester id.
final class UnitDma implements DmaTarget {
    private final IommuUnit unit;

    UnitDma(IommuUnit unit) {
        this.unit = unit;
    }

    private static int number(@Nullable Pasid pasid) {
        return pasid == null ? 0 : pasid.value();
    }

    @Override
    public boolean read(Bdf requester, @Nullable Pasid pasid, Iova from, byte[] target, int offset, int length) {
        var context = unit.find(requester.bits());
        if (context == null) {
            Arrays.fill(target, offset, offset + length, (byte) -1);
            return unknown(requester, pasid, from, false);
        }
        return context.read(number(pasid), from.bits(), target, offset, length);
    }

    @Override
    public boolean write(Bdf requester, @Nullable Pasid pasid, Iova to, byte[] source, int offset, int length) {
        var context = unit.find(requester.bits());
        return context == null
                ? unknown(requester, pasid, to, true)
                : context.write(number(pasid), to.bits(), source, offset, length);
    }

    @Override
    public boolean access(Bdf requester, @Nullable Pasid pasid, DmaRuns list, boolean write, Runnable use) {
        var context = unit.find(requester.bits());
        if (context == null) {
            list.startRuns();
            return unknown(requester, pasid, list.iova(0), write);
        }
        return context.access(number(pasid), list, write, use);
    }

    private boolean unknown(Bdf requester, @Nullable Pasid pasid, Iova iova, boolean write) {
        unit.faultLog().tellStranger(requester, number(pasid), iova.bits(), write);
        return false;
    }
}
