package io.sluice.vfio.iommufd.ioas;

/// Who pays for pages that are pinned.
public interface Account {
    /// Takes pages on.
    ///
    /// @throws io.sluice.vfio.host.HostException ENOMEM if that is more than may be; then nothing was taken
    void charge(long pages);

    /// Gives pages back that were taken on.
    void giveBack(long pages);

    /// For what nobody pays for.
    Account NOBODY = new Account() {
        @Override
        public void charge(long pages) {}

        @Override
        public void giveBack(long pages) {}
    };
}
