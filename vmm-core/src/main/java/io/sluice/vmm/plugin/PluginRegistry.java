package io.sluice.vmm.plugin;

import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.EventType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/// All device and object types of one machine. One thread at a time.
public final class PluginRegistry {
    private static final Property MULTIFUNCTION = Property.bool("multifunction", "on/off", false);
    private static final List<Property> COMMON =
            List.of(Property.string("id", "Name of the device"), Property.string("bus", "Bus that the device sits on"));
    private static final List<Property> COMMON_PCI = List.of(
            new Property("addr", Property.Kind.INT32, "Slot and optional function number, example: 06.0 or 06", "-1"),
            MULTIFUNCTION);

    private final Map<String, DeviceType> devices = new TreeMap<>();
    private final Map<String, ObjectType> objects = new TreeMap<>();
    private final List<Function<DeviceContext, List<Command<?, ?>>>> commands = new ArrayList<>();
    private final List<Consumer<DeviceContext>> greeters = new ArrayList<>();
    private final Map<String, Supplier<List<String>>> info = new HashMap<>();
    private final List<EventType<?>> events = new ArrayList<>();

    /// A device that was made, and where it shall go.
    public record NewDevice(Attachable device, Placement placement) {}

    /// @throws IllegalStateException if there is a type of this name
    public void device(DeviceType type) {
        if (devices.putIfAbsent(type.name(), type) != null) {
            throw new IllegalStateException("two device types are called " + type.name());
        }
    }

    /// @throws IllegalStateException if there is a type of this name
    public void object(ObjectType type) {
        if (objects.putIfAbsent(type.name(), type) != null) {
            throw new IllegalStateException("two object types are called " + type.name());
        }
    }

    /// Has something done once the machine is there, before any device or object is made.
    public void machine(Consumer<DeviceContext> greeter) {
        greeters.add(greeter);
    }

    /// The machine is there. To be called once.
    public void greet(DeviceContext context) {
        greeters.forEach(greeter -> greeter.accept(context));
    }

    /// Adds commands to the machine's control socket. They are made once the machine is there.
    public void commands(Function<DeviceContext, List<Command<?, ?>>> factory) {
        commands.add(factory);
    }

    /// Adds what `info TOPIC` of the human monitor prints, line by line. Asked on the thread that owns the machine.
    ///
    /// @throws IllegalStateException if there is such a topic
    public void info(String topic, Supplier<List<String>> lines) {
        if (info.putIfAbsent(topic, lines) != null) {
            throw new IllegalStateException("two plugins know of " + topic);
        }
    }

    /// The lines about a topic; none if nobody knows of it.
    public List<String> info(String topic) {
        var lines = info.get(topic);
        return lines == null ? List.of() : lines.get();
    }

    /// Adds a kind of event that [DeviceContext#emit] then takes.
    public void event(EventType<?> type) {
        events.add(type);
    }

    /// The commands that were added, for one machine.
    public List<Command<?, ?>> commands(DeviceContext context) {
        return commands.stream().flatMap(f -> f.apply(context).stream()).toList();
    }

    /// The kinds of events that were added.
    public List<EventType<?>> events() {
        return List.copyOf(events);
    }

    public List<DeviceType> devices() {
        return List.copyOf(devices.values());
    }

    /// Every property that `-device` takes for a type.
    public List<Property> properties(DeviceType type) {
        var all = new ArrayList<>(commonProperties(type.bus().equals("PCI")));
        all.addAll(type.properties());
        return all;
    }

    /// What the properties of a device are, but for its name and its place.
    ///
    /// @param given what the user said; it was taken
    public List<Setting> settings(DeviceType type, Map<String, String> given) {
        var all = new ArrayList<Property>(isPci(type) ? List.of(MULTIFUNCTION) : List.of());
        all.addAll(type.properties());
        return settings(all, given);
    }

    /// What the properties of an object are.
    ///
    /// @param given what the user said; it was taken
    public List<Setting> settings(ObjectType type, Map<String, String> given) {
        return settings(type.properties(), given);
    }

    private static List<Setting> settings(List<Property> properties, Map<String, String> given) {
        return properties.stream().map(p -> p.setting(given.get(p.name()))).toList();
    }

    public List<ObjectType> objects() {
        return List.copyOf(objects.values());
    }

    /// Makes a device; the machine places it.
    ///
    /// @throws PluginException with QEMU's words if it cannot be
    public NewDevice createDevice(String name, Map<String, String> properties, DeviceContext context) {
        var type = deviceType(name);
        var placement = placement(type, properties);
        return new NewDevice(createDevice(type, properties, context), placement);
    }

    /// @throws PluginException with QEMU's words if there is none of this name
    public DeviceType deviceType(String name) {
        var type = devices.get(name);
        if (type == null) {
            throw new PluginException("'" + name + "' is not a valid device model name");
        }
        return type;
    }

    /// Where a device of this type shall go, by the properties that all devices have.
    ///
    /// @throws PluginException with QEMU's words if one of them is malformed
    public Placement placement(DeviceType type, Map<String, String> properties) {
        return Placement.parse(type.name(), isPci(type), properties);
    }

    private static boolean isPci(DeviceType type) {
        return type.bus().equals("PCI");
    }

    /// Makes a device of a type by the properties of its own.
    ///
    /// @throws PluginException with QEMU's words if it cannot be
    public Attachable createDevice(DeviceType type, Map<String, String> properties, DeviceContext context) {
        var own = new HashMap<>(properties);
        commonProperties(isPci(type)).forEach(p -> own.remove(p.name()));
        var values =
                check(type.properties(), own, (key, value) -> "Property '" + type.name() + "." + key + "' not found");
        return type.create(context, values);
    }

    /// @throws PluginException with QEMU's words if there is none of this name
    public ObjectType objectType(String name) {
        var type = objects.get(name);
        if (type == null) {
            throw new PluginException("Parameter 'qom-type' does not accept value '" + name + "'");
        }
        return type;
    }

    /// Makes an object.
    ///
    /// @throws PluginException with QEMU's words if it cannot be
    public ObjectType.UserObject createObject(String name, Map<String, String> properties, DeviceContext context) {
        var type = objectType(name);
        var own = new HashMap<>(properties);
        var id = own.remove("id");
        if (id == null) {
            throw new PluginException("Parameter 'id' is missing");
        }
        Placement.checkId(id);
        var all = new ArrayList<>(type.properties());
        own.keySet().stream()
                .filter(type::takes)
                .map(property -> Property.string(property, ""))
                .forEach(all::add);
        var values = check(all, own, (key, value) -> "Invalid parameter '" + key + "'");
        return type.create(id, context, values);
    }

    private static PropertyValues check(
            List<Property> known, Map<String, String> given, BiFunction<String, String, String> unknown) {
        var values = new HashMap<String, String>();
        for (var property : known) {
            var text = given.get(property.name());
            if (text != null) {
                property.check(text);
                values.put(property.name(), text);
            } else if (property.standard() != null) {
                values.put(property.name(), property.standard());
            }
        }
        for (var entry : new TreeMap<>(given).entrySet()) {
            if (known.stream().noneMatch(p -> p.name().equals(entry.getKey()))) {
                throw new PluginException(unknown.apply(entry.getKey(), entry.getValue()));
            }
        }
        return new PropertyValues(values);
    }

    private static List<Property> commonProperties(boolean pci) {
        var all = new ArrayList<>(COMMON);
        if (pci) {
            all.addAll(COMMON_PCI);
        }
        return all;
    }

    /// What `-device help` prints: a line for each type, sorted.
    public String deviceHelp() {
        var text = new StringBuilder();
        for (var type : devices.values()) {
            text.append("name \"").append(type.name()).append("\", bus ").append(type.bus());
            if (!type.description().isEmpty()) {
                text.append(", desc \"").append(type.description()).append('"');
            }
            text.append('\n');
        }
        return text.toString();
    }

    /// What `-device NAME,help` prints: a line for each property, sorted.
    ///
    /// @throws PluginException if there is no such type
    public String deviceHelp(String name) {
        var type = devices.get(name);
        if (type == null) {
            throw new PluginException("Device '" + name + "' not found");
        }
        var all = new ArrayList<>(type.properties());
        if (type.bus().equals("PCI")) {
            all.addAll(COMMON_PCI);
        }
        return options(name, all);
    }

    /// What `-object help` prints.
    public String objectHelp() {
        var text = new StringBuilder("List of user creatable objects:\n");
        objects.keySet().forEach(name -> text.append("  ").append(name).append('\n'));
        return text.toString();
    }

    /// What `-object NAME,help` prints.
    ///
    /// @throws PluginException if there is no such type
    public String objectHelp(String name) {
        var type = objects.get(name);
        if (type == null) {
            throw new PluginException("Parameter 'qom-type' does not accept value '" + name + "'");
        }
        return options(name, type.properties());
    }

    private static String options(String name, List<Property> properties) {
        if (properties.isEmpty()) {
            return "There are no options for " + name + ".\n";
        }
        var text = new StringBuilder(name).append(" options:\n");
        properties.stream()
                .sorted(java.util.Comparator.comparing(Property::name))
                .forEach(p -> text.append(p.help()).append('\n'));
        return text.toString();
    }
}
