package io.sluice.vfio.entry;

import io.sluice.vfio.host.HostException;
import io.sluice.vfio.mdev.MdevBus;
import io.sluice.vfio.mdev.MdevInstance;
import io.sluice.vmm.plugin.DeviceContext;
import io.sluice.vmm.plugin.ObjectType;
import io.sluice.vmm.plugin.PluginException;
import io.sluice.vmm.plugin.Property;
import io.sluice.vmm.plugin.PropertyValues;
import java.util.List;

/// `-object mdev,id=…,type=…,uuid=…`: makes an instance, as writing the UUID to `create` does; closing removes it.
final class MdevObject implements ObjectType {
    private final MdevBus bus;

    MdevObject(MdevBus bus) {
        this.bus = bus;
    }

    @Override
    public String name() {
        return "mdev";
    }

    @Override
    public String description() {
        return "A mediated device of the simulated host";
    }

    @Override
    public List<Property> properties() {
        return List.of(
                Property.string("type", "Type of the instance: " + typeNames()),
                Property.string("uuid", "Name of the instance below " + MdevBus.DEVICES));
    }

    private String typeNames() {
        return String.join(
                ", ", bus.types().stream().map(MdevBus.TypeInfo::name).toList());
    }

    @Override
    public UserObject create(String id, DeviceContext context, PropertyValues properties) {
        var type = properties.required("type");
        var uuid = properties.required("uuid");
        if (bus.types().stream().noneMatch(t -> t.name().equals(type))) {
            throw new PluginException("mdev: no type '" + type + "'; there are: " + typeNames());
        }
        try {
            return new Owned(bus, bus.create(type, uuid, context::newStrand));
        } catch (HostException e) {
            throw new PluginException(
                    "mdev " + type + ": cannot create '" + uuid + "': "
                            + e.errno().text(),
                    e);
        }
    }

    /// An instance that lives as long as its object.
    private record Owned(MdevBus bus, MdevInstance instance) implements UserObject {
        @Override
        public boolean isInUse() {
            return instance.isOpen();
        }

        @Override
        public void close() {
            if (bus.find(instance.uuid()) == instance) {
                bus.remove(instance.uuid());
            }
        }
    }
}
