package io.sluice.vmm.control;

import io.sluice.vmm.plugin.PluginRegistry;
import io.sluice.vmm.plugin.Property;
import io.sluice.vmm.qapi.Command;
import io.sluice.vmm.qapi.ErrorClass;
import io.sluice.vmm.qapi.ListType;
import io.sluice.vmm.qapi.Member;
import io.sluice.vmm.qapi.QmpException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The types of objects: what can be made, and which properties it has.
final class TypeCommands {
    private static final String ROOT = "object";

    /// One type. A type of the board's has no properties to set, and no user makes one.
    private record Kind(
            String name, @Nullable String parent, boolean isAbstract, boolean isUsers, List<Property> properties) {}

    private final Map<String, Kind> kinds = new LinkedHashMap<>();

    TypeCommands(PluginRegistry registry) {
        kind(ROOT, null, true);
        kind("device", ROOT, true);
        kind("container", ROOT, false);
        kind("machine", ROOT, true);
        kind("q35-machine", "machine", false);
        kind("cpu", "device", true);
        kind("x86_64-cpu", "cpu", true);
        kind("max-x86_64-cpu", "x86_64-cpu", false);
        kind("pci-device", "device", true);
        kind("isa-device", "device", true);
        kind("sys-bus-device", "device", true);
        for (var type : List.of("isa-serial", "mc146818rtc", "isa-pit", "isa-i8259", "i8042")) {
            kind(type, "isa-device", false);
        }
        for (var type : List.of("ioapic", "hpet", "acpi-pm", "q35-pcihost")) {
            kind(type, "sys-bus-device", false);
        }
        kind("mch", "pci-device", false);
        kind("ICH9-LPC", "pci-device", false);
        for (var type : registry.devices()) {
            var parent = switch (type.bus()) {
                case "PCI" -> "pci-device";
                case "ISA" -> "isa-device";
                default -> "sys-bus-device";
            };
            kinds.put(type.name(), new Kind(type.name(), parent, false, true, registry.properties(type)));
        }
        for (var type : registry.objects()) {
            kinds.put(type.name(), new Kind(type.name(), ROOT, false, true, type.properties()));
        }
    }

    private void kind(String name, @Nullable String parent, boolean isAbstract) {
        kinds.put(name, new Kind(name, parent, isAbstract, false, List.of()));
    }

    record ListTypes(
            @Member(name = "implements", value = "Only types that are of this kind.") @Nullable
            String kind,

            @Member(name = "abstract", value = "With the types that nothing can be made of.") @Nullable
            Boolean isAbstract) {}

    record ObjectTypeInfo(
            @Member("Its name.") String name,

            @Member(name = "abstract", value = "Whether nothing can be made of it.") @Nullable
            Boolean isAbstract,

            @Member("The type that it is one of.") @Nullable String parent) {}

    record TypeArguments(@Member("Name of the type.") String typename) {}

    List<Command<?, ?>> commands() {
        return List.of(
                Command.of(
                        "qom-list-types",
                        ListTypes.class,
                        ListType.of(ObjectTypeInfo.class),
                        "The types of objects.",
                        this::list),
                Command.of(
                        "qom-list-properties",
                        TypeArguments.class,
                        ListType.of(TreeCommands.PropertyInfo.class),
                        "The properties that an object of a type has.",
                        this::objectProperties),
                Command.of(
                        "device-list-properties",
                        TypeArguments.class,
                        ListType.of(TreeCommands.PropertyInfo.class),
                        "The properties that device_add takes for a type.",
                        this::deviceProperties));
    }

    private List<ObjectTypeInfo> list(ListTypes arguments) {
        boolean all = Boolean.TRUE.equals(arguments.isAbstract);
        return kinds.values().stream()
                .filter(k -> all || !k.isAbstract)
                .filter(k -> arguments.kind == null || is(k.name, arguments.kind))
                .map(k -> new ObjectTypeInfo(k.name, k.isAbstract ? true : null, k.parent))
                .toList();
    }

    private boolean is(String name, String wanted) {
        for (var kind = kinds.get(name); kind != null; kind = kind.parent == null ? null : kinds.get(kind.parent)) {
            if (kind.name.equals(wanted)) {
                return true;
            }
        }
        return false;
    }

    /// @throws QmpException if `device_add` can make nothing of the type
    void checkDriver(String name) {
        var kind = kinds.get(name);
        if (kind == null || !is(name, "device")) {
            throw new QmpException("'" + name + "' is not a valid device model name");
        }
        if (kind.isAbstract) {
            throw new QmpException("Parameter 'driver' expects a non-abstract device type");
        }
        if (!kind.isUsers) {
            throw new QmpException("Parameter 'driver' expects a pluggable device type");
        }
    }

    private List<TreeCommands.PropertyInfo> deviceProperties(TypeArguments arguments) {
        var kind = find(arguments, "Device");
        if (kind.isAbstract || !is(kind.name, "device")) {
            throw new QmpException("Parameter 'typename' expects a non-abstract device type");
        }
        return properties(kind);
    }

    private List<TreeCommands.PropertyInfo> objectProperties(TypeArguments arguments) {
        var all = new ArrayList<TreeCommands.PropertyInfo>();
        all.add(new TreeCommands.PropertyInfo("type", "string", null, null));
        all.addAll(properties(find(arguments, "Class")));
        return all;
    }

    private Kind find(TypeArguments arguments, String what) {
        var kind = kinds.get(arguments.typename);
        if (kind == null) {
            throw new QmpException(ErrorClass.DEVICE_NOT_FOUND, what + " '" + arguments.typename + "' not found");
        }
        return kind;
    }

    private static List<TreeCommands.PropertyInfo> properties(Kind kind) {
        var all = new ArrayList<TreeCommands.PropertyInfo>();
        for (var p : kind.properties) {
            all.add(new TreeCommands.PropertyInfo(
                    p.name(), p.kind().word(), p.description().isEmpty() ? null : p.description(), standard(p)));
        }
        return all;
    }

    private static @Nullable Object standard(Property property) {
        var text = property.standard();
        return text == null ? null : property.value(text);
    }
}
