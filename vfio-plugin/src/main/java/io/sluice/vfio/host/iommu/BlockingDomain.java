package io.sluice.vfio.host.iommu;

/// Nothing is mapped in it. What is in no other domain is in this one.
public final class BlockingDomain extends Domain {
    public static final BlockingDomain INSTANCE = new BlockingDomain();

    private BlockingDomain() {}

    @Override
    void require(IommuDevice device) {}

    @Override
    long walk(long iova, long need) {
        return DmaFaults.Reason.BLOCKED.asEntry();
    }

    @Override
    void enter(DmaContext context) {}

    @Override
    void leave(DmaContext context) {}

    @Override
    public String toString() {
        return "no domain";
    }
}
