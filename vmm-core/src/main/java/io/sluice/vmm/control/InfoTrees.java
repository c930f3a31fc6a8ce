package io.sluice.vmm.control;

import io.sluice.vmm.machine.MachineView.PciPart;
import io.sluice.vmm.pci.Bar;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// `info qtree` and `info qom-tree`: devices by their buses, and objects by their owners.
final class InfoTrees {
    /// Deeper trees are not shown.
    private static final int DEEPEST = 64;

    private InfoTrees() {}

    // ---- objects

    /// The object at `path`, which starts at `root`; null if there is none.
    static @Nullable InfoObject find(InfoObject root, String path) {
        var here = root;
        boolean first = true;
        for (var part : path.split("/", -1)) {
            if (part.isEmpty()) {
                continue;
            }
            here = first && part.equals(root.name()) ? root : child(here, part);
            first = false;
            if (here == null) {
                return null;
            }
        }
        return here;
    }

    private static @Nullable InfoObject child(InfoObject of, String name) {
        for (var child : of.children()) {
            if (child.name().equals(name)) {
                return child;
            }
        }
        return null;
    }

    static void print(InfoObject object, int depth, HumanText out) {
        out.add("  ".repeat(depth)).print("/%s (%s)\n", object.name(), object.type());
        if (depth < DEEPEST && !out.isFull()) {
            object.children().stream()
                    .sorted(Comparator.comparing(InfoObject::name))
                    .forEach(child -> print(child, depth + 1, out));
        }
    }

    // ---- devices

    static void print(InfoBus bus, int depth, HumanText out) {
        String indent = "  ".repeat(depth);
        out.add(indent).line("bus: " + bus.name());
        out.add(indent).line("  type " + bus.type());
        for (var device : bus.devices()) {
            out.add(indent).line("  dev: " + device.type() + ", id \"" + device.id() + "\"");
            device.properties()
                    .forEach(property -> out.add(indent).line("    " + property.name() + " = " + property.value()));
            device.details().forEach(detail -> out.add(indent).line("    " + detail));
            if (depth < DEEPEST && !out.isFull()) {
                device.buses().forEach(lower -> print(lower, depth + 2, out));
            }
        }
    }

    /// The tree of the PCI functions, the last one first as QEMU shows it.
    static InfoBus fromPci(List<PciPart> parts, HumanHooks hooks) {
        var host =
                new InfoBus.Device("q35-pcihost", "", List.of(), List.of(), List.of(bus("pcie.0", 0, parts, hooks, 0)));
        return new InfoBus("main-system-bus", "System", List.of(host));
    }

    private static InfoBus bus(String name, int number, List<PciPart> parts, HumanHooks hooks, int depth) {
        var devices = new ArrayList<InfoBus.Device>();
        for (var part : parts.reversed()) {
            if (part.at().bus() == number) {
                var id = hooks.deviceId(part.at());
                int secondary = InfoPci.isBridge(part) ? InfoPci.secondaryBus(part) : 0;
                var lower = secondary == 0 || depth >= InfoPci.DEEPEST
                        ? List.<InfoBus>of()
                        : List.of(bus(id.isEmpty() ? "pci." + secondary : id, secondary, parts, hooks, depth + 1));
                devices.add(new InfoBus.Device(part.type(), id, List.of(place(part)), details(part), lower));
            }
        }
        return new InfoBus(name, "PCIE", devices);
    }

    private static InfoBus.Property place(PciPart part) {
        return new InfoBus.Property(
                "addr",
                String.format(
                        Locale.ROOT, "%02x.%x", part.at().device(), part.at().function()));
    }

    private static List<String> details(PciPart part) {
        var lines = new ArrayList<String>();
        boolean bridge = InfoPci.isBridge(part);
        lines.add(String.format(
                Locale.ROOT,
                "class %s, addr %02x:%02x.%x, pci id %04x:%04x (sub %04x:%04x)",
                PciClasses.inTree((int) InfoPci.get(part, 0x0A, 2)),
                part.at().bus(),
                part.at().device(),
                part.at().function(),
                InfoPci.get(part, 0, 2),
                InfoPci.get(part, 2, 2),
                bridge ? 0 : InfoPci.get(part, 0x2C, 2),
                bridge ? 0 : InfoPci.get(part, 0x2E, 2)));
        for (var bar : part.bars()) {
            long first = InfoPci.address(part, bar);
            lines.add(String.format(
                    Locale.ROOT,
                    "bar %d: %s at 0x%x [0x%x]",
                    bar.index(),
                    bar.kind() == Bar.Kind.IO ? "i/o" : "mem",
                    first,
                    first + bar.size() - 1));
        }
        return lines;
    }
}
