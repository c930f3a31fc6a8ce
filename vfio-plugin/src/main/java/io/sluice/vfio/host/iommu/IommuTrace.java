package io.sluice.vfio.host.iommu;

import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.trace.Item;
import io.sluice.vmm.trace.Trace;

/// What one unit tells (`iommu`). Any thread.
final class IommuTrace {
    private final Trace trace;
    private final String unit;

    IommuTrace(Trace trace, String unit) {
        this.trace = trace;
        this.unit = unit;
    }

    void added(Bdf requester, IommuGroup group) {
        if (trace.on(Item.IOMMU)) {
            trace.line(Item.IOMMU, unit + ": " + requester + " added to " + group);
        }
    }

    void removed(Bdf requester) {
        if (trace.on(Item.IOMMU)) {
            trace.line(Item.IOMMU, unit + ": " + requester + " removed");
        }
    }

    void set(Bdf requester, int pasid, Domain domain) {
        if (trace.on(Item.IOMMU)) {
            trace.line(Item.IOMMU, unit + ": " + sender(requester, pasid) + " in " + domain);
        }
    }

    void fault(Bdf requester, int pasid, long iova, boolean write, DmaFaults.Reason reason) {
        if (trace.on(Item.IOMMU)) {
            trace.line(
                    Item.IOMMU,
                    unit + ": " + sender(requester, pasid) + (write ? " writes 0x" : " reads 0x")
                            + Long.toHexString(iova) + ": " + reason + " (0x" + Integer.toHexString(reason.code())
                            + ")");
        }
    }

    private static String sender(Bdf requester, int pasid) {
        return pasid == 0 ? requester.toString() : requester + " PASID " + pasid;
    }
}
