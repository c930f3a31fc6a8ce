package io.sluice.vmm.control;

import io.sluice.vmm.machine.Machine;
import io.sluice.vmm.machine.MachineConfig;
import io.sluice.vmm.plugin.PluginException;
import io.sluice.vmm.plugin.Property;
import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.Command.Nothing;
import io.sluice.vmm.qapi.ErrorClass;
import io.sluice.vmm.qapi.Member;
import io.sluice.vmm.qapi.Others;
import io.sluice.vmm.qapi.QmpException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Devices and objects that come and go while the machine lives.
final class DeviceCommands {
    private final Machine machine;
    private final TypeCommands types;

    DeviceCommands(Machine machine, TypeCommands types) {
        this.machine = machine;
        this.types = types;
    }

    record DeviceAdd(
            @Member("Its type.") String driver,

            @Member("The bus it goes on; a root port's id for one that is hot-plugged.") @Nullable
            String bus,

            @Member("The user's name for it.") @Nullable String id,
            @Others Map<String, Object> properties) {}

    record ObjectAdd(
            @Member("Its type.") String qomType,
            @Member("The user's name for it.") String id,
            @Others Map<String, Object> properties) {}

    record IdArguments(
            @Member("The user's name of it, or its path.") String id) {}

    List<Command<?, ?>> commands() {
        return List.of(
                Command.of(
                        "device_add",
                        DeviceAdd.class,
                        Nothing.class,
                        "Adds a device, with the properties of its type as further members (device-list-properties).",
                        this::addDevice),
                Command.of(
                        "device_del",
                        IdArguments.class,
                        Nothing.class,
                        "Asks the guest to let go of a device; DEVICE_DELETED tells when it is gone.",
                        this::removeDevice),
                Command.of(
                        "object-add",
                        ObjectAdd.class,
                        Nothing.class,
                        "Makes an object, with the properties of its type as further members (qom-list-properties).",
                        this::addObject),
                Command.of("object-del", IdArguments.class, Nothing.class, "Removes an object.", this::removeObject));
    }

    private Nothing addDevice(DeviceAdd arguments) {
        var properties = texts(arguments.properties);
        put(properties, "bus", arguments.bus);
        put(properties, "id", arguments.id);
        return plug(arguments.driver, properties);
    }

    Nothing plug(String type, Map<String, String> properties) {
        types.checkDriver(type);
        return attempt(() -> machine.addDevice(new MachineConfig.Part(type, properties)));
    }

    private Nothing removeDevice(IdArguments arguments) {
        if (arguments.id.startsWith("/")) {
            checkDevice(arguments.id);
        }
        return unplug(arguments.id);
    }

    /// @throws QmpException if the path leads nowhere, or to what is soldered to the board
    private void checkDevice(String path) {
        machine.tree().resolve(path);
        if (machine.devices().stream().noneMatch(d -> d.path().equals(path))) {
            throw new QmpException(path + " is not a hotpluggable device");
        }
    }

    Nothing unplug(String id) {
        return attempt(() -> machine.unplugDevice(id));
    }

    private Nothing addObject(ObjectAdd arguments) {
        checkObject(arguments);
        var properties = texts(arguments.properties);
        put(properties, "id", arguments.id);
        return attempt(() -> machine.addObject(new MachineConfig.Part(arguments.qomType, properties)));
    }

    /// Properties of objects have types over the control socket, as in QEMU; those of devices are read as on the
    /// command
    /// line.
    private void checkObject(ObjectAdd arguments) {
        for (var type : machine.plugins().objects()) {
            if (type.name().equals(arguments.qomType)) {
                arguments.properties.forEach((name, value) -> checkProperty(type.properties(), name, value));
            }
        }
    }

    private static void checkProperty(List<Property> known, String name, @Nullable Object value) {
        var property = known.stream().filter(p -> p.name().equals(name)).findFirst();
        if (property.isEmpty()) {
            throw new QmpException("Parameter '" + name + "' is unexpected");
        }
        var expected = switch (property.get().kind()) {
            case STRING, ON_OFF_AUTO -> value instanceof String ? null : "string";
            case BOOL -> value instanceof Boolean ? null : "boolean";
            case UINT8, UINT16, INT32, UINT32, UINT64, SIZE -> value instanceof Long ? null : "integer";
        };
        if (expected != null) {
            throw new QmpException("Invalid parameter type for '" + name + "', expected: " + expected);
        }
    }

    private Nothing removeObject(IdArguments arguments) {
        return attempt(() -> machine.removeObject(arguments.id));
    }

    private static Nothing attempt(Runnable change) {
        try {
            change.run();
        } catch (PluginException e) {
            throw refusal(e);
        }
        return Nothing.INSTANCE;
    }

    /// The first line says it; what follows is for people at a terminal.
    private static QmpException refusal(PluginException e) {
        var text = String.valueOf(e.getMessage()).lines().findFirst().orElse("refused");
        return switch (e.kind()) {
            case GENERIC -> new QmpException(text);
            case DEVICE_NOT_FOUND -> new QmpException(ErrorClass.DEVICE_NOT_FOUND, text);
        };
    }

    private static void put(Map<String, String> properties, String name, @Nullable String value) {
        if (value != null) {
            properties.put(name, value);
        }
    }

    /// Properties as the command line has them.
    private static Map<String, String> texts(Map<String, Object> values) {
        var texts = new LinkedHashMap<String, String>();
        values.forEach((name, value) -> texts.put(name, text(name, value)));
        return texts;
    }

    private static String text(String name, @Nullable Object value) {
        if (value instanceof Boolean on) {
            return on ? "on" : "off";
        }
        if (value instanceof String || value instanceof Number) {
            return value.toString();
        }
        throw new QmpException("Invalid parameter type for '" + name + "', expected: string");
    }
}
