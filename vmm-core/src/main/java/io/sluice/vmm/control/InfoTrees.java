package io.sluice.vmm.control;

import io.sluice.vmm.machine.DeviceInfo;
import io.sluice.vmm.machine.MachineView.PciPart;
import io.sluice.vmm.pci.Bar;
import io.sluice.vmm.plugin.Setting;
import io.sluice.vmm.qom.TreeObject;
import java.util.Comparator;
import java.util.List;

/// `info qtree` and `info qom-tree`: devices by their buses, and objects by their owners.
final class InfoTrees {
    /// Deeper trees are not shown.
    private static final int DEEPEST = 64;

    private static final int ISA_BRIDGE = 0x0601;

    private final List<PciPart> parts;
    private final List<DeviceInfo> devices;
    private final HumanText out;

    private InfoTrees(List<PciPart> parts, List<DeviceInfo> devices, HumanText out) {
        this.parts = parts;
        this.devices = devices;
        this.out = out;
    }

    // ---- objects

    static void objects(TreeObject object, int depth, HumanText out) {
        out.add("  ".repeat(depth)).print("/%s (%s)\n", object.name(), object.type());
        if (depth < DEEPEST && !out.isFull()) {
            object.children().stream()
                    .sorted(Comparator.comparing(TreeObject::name))
                    .forEach(child -> objects(child, depth + 1, out));
        }
    }

    // ---- devices

    /// @param parts all PCI functions
    /// @param devices what the user has added
    static void devices(List<PciPart> parts, List<DeviceInfo> devices, HumanText out) {
        var tree = new InfoTrees(parts, devices, out);
        tree.bus(0, "main-system-bus", "System");
        tree.device(1, "q35-pcihost", "");
        tree.pciBus(2, "pcie.0", 0, 0);
    }

    private HumanText at(int depth) {
        return out.add("  ".repeat(depth));
    }

    private void bus(int depth, String name, String type) {
        at(depth).line("bus: " + name);
        at(depth + 1).line("type " + type);
    }

    private void device(int depth, String type, String id) {
        at(depth).line("dev: " + type + ", id \"" + id + "\"");
    }

    /// The last function first, as QEMU shows them.
    private void pciBus(int depth, String name, int number, int bridges) {
        bus(depth, name, "PCIE");
        for (var part : parts.reversed()) {
            if (part.at().bus() == number && !out.isFull()) {
                pci(depth + 1, part, bridges);
            }
        }
    }

    private void pci(int depth, PciPart part, int bridges) {
        device(depth, part.type(), part.id());
        at(depth + 1).print("addr = %02x.%x\n", part.at().device(), part.at().function());
        if (part.device() != null) {
            settings(depth + 1, part.device());
        }
        details(depth + 1, part);
        int secondary = InfoPci.isBridge(part) ? InfoPci.secondaryBus(part) : 0;
        if (secondary != 0 && bridges < InfoPci.DEEPEST) {
            var id = part.id();
            pciBus(depth + 1, id.isEmpty() ? "pci." + secondary : id, secondary, bridges + 1);
        }
        if (InfoPci.classOf(part) == ISA_BRIDGE) {
            isaBus(depth + 1);
        }
    }

    private void isaBus(int depth) {
        bus(depth, "isa.0", "ISA");
        for (var device : devices.reversed()) {
            if (device.bus().equals("isa.0")) {
                device(depth + 1, device.type(), device.id() == null ? "" : device.id());
                settings(depth + 2, device);
            }
        }
    }

    private void settings(int depth, DeviceInfo device) {
        for (var setting : device.settings()) {
            if (!setting.name().equals("addr")) {
                at(depth).line(setting.name() + " = " + value(setting));
            }
        }
    }

    private static String value(Setting setting) {
        if (setting.value() instanceof String text) {
            return "\"" + text + "\"";
        }
        if (setting.value() instanceof Long number && !setting.type().equals("int32")) {
            return Long.toUnsignedString(number) + " (0x" + Long.toHexString(number) + ")";
        }
        return setting.value().toString();
    }

    private void details(int depth, PciPart part) {
        boolean bridge = InfoPci.isBridge(part);
        at(depth)
                .print(
                        "class %s, addr %02x:%02x.%x, pci id %04x:%04x (sub %04x:%04x)\n",
                        PciClasses.inTree(InfoPci.classOf(part)),
                        part.at().bus(),
                        part.at().device(),
                        part.at().function(),
                        InfoPci.get(part, 0, 2),
                        InfoPci.get(part, 2, 2),
                        bridge ? 0 : InfoPci.get(part, 0x2C, 2),
                        bridge ? 0 : InfoPci.get(part, 0x2E, 2));
        for (var bar : part.bars()) {
            long first = InfoPci.address(part, bar);
            at(depth)
                    .print(
                            "bar %d: %s at 0x%x [0x%x]\n",
                            bar.index(), bar.kind() == Bar.Kind.IO ? "i/o" : "mem", first, first + bar.size() - 1);
        }
    }
}
