package io.sluice.vmm.machine;

import io.sluice.vmm.cpu.state.CpuFeatures;
import io.sluice.vmm.cpu.state.Cpuid;
import io.sluice.vmm.plugin.Setting;
import io.sluice.vmm.qom.ObjectTree;
import io.sluice.vmm.qom.TreeObject;
import io.sluice.vmm.qom.TreeProperty;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/// The machine's part of the object tree: `/machine` with what is soldered to the board, and the places where devices
/// and objects of the user's go.
final class MachineTree {
    static final String MACHINE = "q35-machine";
    static final String CPU = "max-x86_64-cpu";
    static final String RTC = "/machine/unattached/rtc";

    private final ObjectTree tree = new ObjectTree();
    private final TreeObject objects;
    private final TreeObject peripheral;
    private final TreeObject anonymous;

    MachineTree(MachineConfig config, Board board) {
        var machine = tree.root().add("machine", new TreeObject(MACHINE, machineProperties(config)));
        objects = tree.root().add("objects", TreeObject.container());
        peripheral = machine.add("peripheral", TreeObject.container());
        anonymous = machine.add("peripheral-anon", TreeObject.container());
        var unattached = machine.add("unattached", TreeObject.container());
        for (int i = 0; i < config.cpus().count(); i++) {
            unattached.addNumbered("device", new TreeObject(CPU, cpuProperties(i, board)));
        }
        addBoard(unattached, config);
        var host = machine.add("q35", new TreeObject("q35-pcihost", List.of()));
        host.add("mch", new TreeObject("mch", List.of(constant("addr", "int32", 0L))));
        host.add("ich9-lpc", new TreeObject("ICH9-LPC", List.of(constant("addr", "int32", 31L << 3))));
    }

    ObjectTree tree() {
        return tree;
    }

    /// Makes the user's part of the tree what it is now.
    ///
    void show(List<DeviceInfo> devices, List<ObjectInfo> made) {
        var paths = devices.stream().map(DeviceInfo::path).collect(Collectors.toSet());
        for (var place : List.of(peripheral, anonymous)) {
            place.children().stream().filter(c -> !paths.contains(c.path())).forEach(TreeObject::remove);
        }
        for (var device : devices) {
            var place = device.id() != null ? peripheral : anonymous;
            var name = device.path().substring(device.path().lastIndexOf('/') + 1);
            if (place.child(name) == null) {
                place.add(name, new TreeObject(device.type(), deviceProperties(device)));
            }
        }
        var names = made.stream().map(ObjectInfo::id).collect(Collectors.toSet());
        objects.children().stream().filter(c -> !names.contains(c.name())).forEach(TreeObject::remove);
        for (var object : made) {
            if (objects.child(object.id()) == null) {
                objects.add(object.id(), new TreeObject(object.type(), properties(object.settings())));
            }
        }
    }

    private static List<TreeProperty> deviceProperties(DeviceInfo device) {
        var all = new ArrayList<TreeProperty>();
        all.add(constant("realized", "bool", true));
        all.add(constant("hotplugged", "bool", device.hotPlugged()));
        all.add(constant("hotpluggable", "bool", device.hotPluggable()));
        all.add(constant("parent_bus", "str", device.bus()));
        all.addAll(properties(device.settings()));
        return all;
    }

    private static List<TreeProperty> properties(List<Setting> settings) {
        return settings.stream()
                .map(s -> constant(s.name(), s.type(), s.value()))
                .toList();
    }

    private static TreeProperty constant(String name, String type, Object value) {
        return TreeProperty.constant(name, type, value);
    }

    private static List<TreeProperty> machineProperties(MachineConfig config) {
        var boot = config.boot();
        return List.of(
                constant("kernel", "string", boot.kernel().toString()),
                constant(
                        "initrd",
                        "string",
                        boot.initrd() == null ? "" : boot.initrd().toString()),
                constant("append", "string", boot.append()),
                constant("memory-size", "size", config.memoryBytes()),
                constant("acpi", "OnOffAuto", "on"),
                constant("hpet", "bool", true),
                constant("graphics", "bool", false),
                constant("usb", "bool", false));
    }

    private static List<TreeProperty> cpuProperties(int index, Board board) {
        var all = new ArrayList<TreeProperty>();
        all.add(constant("realized", "bool", true));
        all.add(constant("hotplugged", "bool", false));
        all.add(constant("hotpluggable", "bool", false));
        all.add(constant("apic-id", "uint32", (long) board.vcpu.apic().id()));
        all.add(constant("socket-id", "int32", (long) index));
        all.add(constant("core-id", "int32", 0L));
        all.add(constant("thread-id", "int32", 0L));
        all.add(constant("vendor", "string", Cpuid.VENDOR));
        all.add(constant("model-id", "string", Cpuid.BRAND));
        all.add(constant("tsc-frequency", "int", (long) Cpuid.TSC_HZ));
        all.add(constant("phys-bits", "uint32", (long) Cpuid.PHYSICAL_BITS));
        for (var flag : CpuFeatures.all()) {
            all.add(constant(flag.name(), "bool", flag.present()));
        }
        return all;
    }

    private static void addBoard(TreeObject unattached, MachineConfig config) {
        unattached.add("rtc", new TreeObject("mc146818rtc", ports(Q35Map.RTC, 8)));
        unattached.add("pit", new TreeObject("isa-pit", ports(Q35Map.PIT, 0)));
        unattached.add("pic[0]", new TreeObject("isa-i8259", ports(Q35Map.PIC_MASTER, 2)));
        unattached.add("pic[1]", new TreeObject("isa-i8259", ports(Q35Map.PIC_SLAVE, 2)));
        unattached.add("ioapic", new TreeObject("ioapic", List.of(constant("address", "uint64", Q35Map.IO_APIC))));
        unattached.add("hpet", new TreeObject("hpet", List.of(constant("address", "uint64", Q35Map.HPET))));
        unattached.add("i8042", new TreeObject("i8042", ports(Q35Map.KEYBOARD_DATA, Q35Map.KEYBOARD_IRQ)));
        unattached.add("pm", new TreeObject("acpi-pm", ports(Q35Map.ACPI_PM, Q35Map.ACPI_IRQ)));
        for (int i = 0; i < config.serial().size(); i++) {
            if (!(config.serial().get(i) instanceof CharTarget.Absent)) {
                var properties = new ArrayList<>(ports(Q35Map.serialPort(i), Q35Map.serialIrq(i)));
                properties.add(constant("chardev", "str", "serial" + i));
                unattached.add("serial[" + i + "]", new TreeObject("isa-serial", properties));
            }
        }
    }

    private static List<TreeProperty> ports(int first, int irq) {
        return List.of(constant("iobase", "uint32", (long) first), constant("irq", "uint32", (long) irq));
    }
}
