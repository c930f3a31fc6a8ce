package io.sluice.vmm.machine;

import io.sluice.vmm.plugin.DeviceContext;
import io.sluice.vmm.plugin.ObjectType;
import io.sluice.vmm.plugin.PluginException;
import io.sluice.vmm.plugin.PluginRegistry;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The objects that the user has made, by their ids. Used by the thread that owns the machine.
final class ObjectShelf {
    private record Shelved(ObjectInfo info, ObjectType.UserObject object) {}

    private final PluginRegistry registry;
    private final DeviceContext context;
    private final Map<String, Shelved> objects = new LinkedHashMap<>();

    ObjectShelf(PluginRegistry registry, DeviceContext context) {
        this.registry = registry;
        this.context = context;
    }

    /// @throws PluginException if it cannot be had; then nothing is left of it
    void add(MachineConfig.Part part) {
        @Nullable String id = part.properties().get("id");
        if (id != null && objects.containsKey(id)) {
            throw new PluginException("attempt to add duplicate property '" + id + "' to object (type 'container')");
        }
        var object = registry.createObject(part.type(), part.properties(), context);
        if (id == null) {
            throw new IllegalStateException("an object without an id was made");
        }
        var settings = registry.settings(registry.objectType(part.type()), part.properties());
        objects.put(id, new Shelved(new ObjectInfo(id, part.type(), settings), object));
    }

    /// @throws PluginException if there is none, or a device has hold of it
    void remove(String id) {
        var shelved = objects.get(id);
        if (shelved == null) {
            throw new PluginException("object '" + id + "' not found");
        }
        if (shelved.object.isInUse()) {
            throw new PluginException("object '" + id + "' is in use, can not be deleted");
        }
        objects.remove(id);
        shelved.object.close();
    }

    /// In the order in which they were made.
    List<ObjectInfo> list() {
        return objects.values().stream().map(Shelved::info).toList();
    }

    /// Takes everything away, the last first.
    void close() {
        List.copyOf(new ArrayList<>(objects.values())).reversed().forEach(s -> s.object.close());
        objects.clear();
    }
}
