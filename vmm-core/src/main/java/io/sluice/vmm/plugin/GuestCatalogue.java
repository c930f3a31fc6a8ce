package io.sluice.vmm.plugin;

import java.util.List;

/// Guests that `boot NAME` knows. Found by ServiceLoader.
public interface GuestCatalogue {
    List<GuestImage> images();
}
