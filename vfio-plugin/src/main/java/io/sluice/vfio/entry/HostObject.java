package io.sluice.vfio.entry;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.pci.HostConfig;
import io.sluice.vfio.host.pci.HostConfigException;
import io.sluice.vmm.plugin.DeviceContext;
import io.sluice.vmm.plugin.ObjectType;
import io.sluice.vmm.plugin.PluginException;
import io.sluice.vmm.plugin.Property;
import io.sluice.vmm.plugin.PropertyValues;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;

/// `-object host,id=…,topology=FILE`, or the same as properties with dots in their names: the PCI functions of the
/// simulated host.
final class HostObject implements ObjectType {
    private static final String TOPOLOGY = "topology";
    private static final long LARGEST = 16 << 20;

    private final SimulatedHost host;

    HostObject(SimulatedHost host) {
        this.host = host;
    }

    @Override
    public String name() {
        return "host";
    }

    @Override
    public String description() {
        return "The PCI functions of the simulated host";
    }

    @Override
    public List<Property> properties() {
        return List.of(
                Property.string(TOPOLOGY, "File with the description; or say it here, as functions.0.name=NAME"));
    }

    /// What a description has, with its place before it.
    @Override
    public boolean takes(String property) {
        return property.startsWith("functions.") || property.startsWith("iommus.");
    }

    @Override
    public UserObject create(String id, DeviceContext context, PropertyValues properties) {
        var file = properties.text(TOPOLOGY);
        try {
            host.build(file == null ? said(properties) : read(file, properties), context);
        } catch (HostConfigException e) {
            throw new PluginException("host " + id + ": " + (file == null ? "" : file + ": ") + e.getMessage(), e);
        } catch (HostException e) {
            throw new PluginException("host " + id + ": " + e.getMessage(), e);
        }
        return new Built(host);
    }

    private HostConfig said(PropertyValues properties) {
        var said = new HashMap<String, String>();
        for (var name : properties.names()) {
            if (takes(name)) {
                said.put(name, properties.required(name));
            }
        }
        return HostConfig.of(said);
    }

    private HostConfig read(String file, PropertyValues properties) {
        if (properties.names().stream().anyMatch(this::takes)) {
            throw new PluginException("host: a description is in a file or in properties, not in both");
        }
        try {
            var path = Path.of(file);
            if (Files.size(path) > LARGEST) {
                throw new PluginException("host: '" + file + "' has more than 16 MiB");
            }
            return HostConfig.read(Files.readString(path));
        } catch (NoSuchFileException e) {
            throw new PluginException("host: cannot open '" + file + "': No such file or directory", e);
        } catch (CharacterCodingException e) {
            throw new PluginException("host: '" + file + "' is not text in UTF-8", e);
        } catch (IOException e) {
            throw new PluginException("host: cannot read '" + file + "': " + e.getMessage(), e);
        }
    }

    /// The functions, for as long as the object lives.
    private record Built(SimulatedHost host) implements UserObject {
        @Override
        public boolean isInUse() {
            return host.isInUse();
        }

        @Override
        public void close() {
            host.demolish();
        }
    }
}
