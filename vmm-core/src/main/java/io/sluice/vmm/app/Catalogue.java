package io.sluice.vmm.app;

import io.sluice.vmm.machine.MachineConfig;
import io.sluice.vmm.plugin.GuestCatalogue;
import io.sluice.vmm.plugin.GuestImage;
import io.sluice.vmm.plugin.PluginException;
import io.sluice.vmm.plugin.PreparedGuest;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The guests that can be booted by name.
final class Catalogue {
    private static final Logger LOG = LoggerFactory.getLogger(Catalogue.class);
    private final List<GuestImage> images = ServiceLoader.load(GuestCatalogue.class).stream()
            .flatMap(provider -> provider.get().images().stream())
            .toList();
    private String lastStep = "";

    /// A line for each image.
    String list() {
        return images.stream()
                .map(image -> String.format("%-12s %s%n", image.name(), image.description()))
                .collect(Collectors.joining());
    }

    /// The machine that boots an image, with `options` on top of the image's own. Without a name the first image that
    /// can be had on this host.
    ///
    /// @throws UsageException if there is no such image, or it cannot be had
    MachineConfig machine(@Nullable String name, Options options) {
        if (name != null) {
            return machine(prepare(find(name)), options);
        }
        UsageException refusal = new UsageException("boot: the catalogue is empty");
        for (var image : images) {
            try {
                return machine(prepare(image), options);
            } catch (UsageException e) {
                refusal = e;
                LOG.info("{}", e.getMessage());
            }
        }
        throw refusal;
    }

    private GuestImage find(String name) {
        return images.stream()
                .filter(image -> image.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new UsageException("boot: there is no image '" + name
                        + "'; there are: "
                        + images.stream().map(GuestImage::name).collect(Collectors.joining(", "))));
    }

    private PreparedGuest prepare(GuestImage image) {
        try {
            return image.prepare((what, done, total) -> tell(what));
        } catch (PluginException e) {
            throw new UsageException(String.valueOf(e.getMessage()).replace('\n', ' '));
        }
    }

    private void tell(String step) {
        if (!step.equals(lastStep)) {
            lastStep = step;
            LOG.info("{}", step);
        }
    }

    private static MachineConfig machine(PreparedGuest guest, Options options) {
        return ConfigReader.read(options.after(guest.extraOptions()), guest.kernel(), guest.initrd(), guest.append());
    }
}
