package io.sluice.vfio.host.iommu;

/// A guest's first-stage tables that stand on a paging domain.
public final class NestedDomain extends Domain {
    private final PagingDomain parent;
    private final StageOne stageOne;

    NestedDomain(PagingDomain parent, StageOne stageOne) {
        this.parent = parent;
        this.stageOne = stageOne;
    }

    public PagingDomain parent() {
        return parent;
    }

    public StageOne stageOne() {
        return stageOne;
    }

    /// The guest has changed its tables: what was read from them in `pages` pages of 4 KiB from `address` on is not
    /// used any more. In force when it returns.
    ///
    /// @param pages -1 for all there are, with address 0
    /// @param leaf whether only the last level has changed
    public void invalidate(long address, long pages, boolean leaf) {}

    @Override
    void require(IommuDevice device) {
        parent.require(device);
    }

    @Override
    long walk(long iova) {
        return PageTable.NONE;
    }

    @Override
    void markDirty(long iova) {}

    @Override
    boolean tracksDirty() {
        return false;
    }

    @Override
    void enter(DmaContext context) {
        parent.enter(context);
    }

    @Override
    void leave(DmaContext context) {
        parent.leave(context);
    }
}
