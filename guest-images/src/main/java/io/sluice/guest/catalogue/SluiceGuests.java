package io.sluice.guest.catalogue;

import io.sluice.guest.GuestCache;
import io.sluice.guest.baremetal.HelloGuest;
import io.sluice.guest.baremetal.SpeedGuest;
import io.sluice.guest.debian.DebianGuest;
import io.sluice.vmm.plugin.GuestCatalogue;
import io.sluice.vmm.plugin.GuestImage;
import java.util.List;

/// The catalogue of this module.
public final class SluiceGuests implements GuestCatalogue {
    private final GuestCache cache;

    /// For ServiceLoader: the user's cache directory.
    public SluiceGuests() {
        this(GuestCache.ofUser());
    }

    public SluiceGuests(GuestCache cache) {
        this.cache = cache;
    }

    @Override
    public List<GuestImage> images() {
        return List.of(DebianGuest.of(cache), new HelloGuest(cache), new SpeedGuest(cache));
    }
}
