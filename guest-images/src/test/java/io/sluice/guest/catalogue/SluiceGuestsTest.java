package io.sluice.guest.catalogue;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.plugin.GuestCatalogue;
import io.sluice.vmm.plugin.GuestImage;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

class SluiceGuestsTest {
    @Test
    void theCatalogueIsFoundByServiceLoader() {
        var catalogues = ServiceLoader.load(GuestCatalogue.class).stream()
                .map(ServiceLoader.Provider::get)
                .toList();

        assertThat(catalogues).hasSize(1);
        assertThat(catalogues.getFirst().images())
                .extracting(GuestImage::name)
                .containsExactly("debian", "hello", "speed");
    }
}
