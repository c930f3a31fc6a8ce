/// Guests that can be booted by name.
module io.sluice.guest {
    requires com.github.luben.zstd_jni;
    requires io.sluice.vmm;
    requires org.apache.commons.compress;
    requires static org.jspecify;
    requires org.tukaani.xz;

    provides io.sluice.vmm.plugin.GuestCatalogue with
            io.sluice.guest.catalogue.SluiceGuests;
}
