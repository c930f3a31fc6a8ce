package io.sluice.vmm.control;

import io.sluice.vmm.machine.MachineView;
import io.sluice.vmm.machine.MachineView.Region;
import java.util.List;
import java.util.Locale;

/// `info mtree`: who answers where in memory and among the ports.
final class InfoMtree {
    private static final long FOUR_GIB = 1L << 32;
    private static final String WHOLE = "0000000000000000-ffffffffffffffff";

    private InfoMtree() {}

    /// The tree, with containers.
    static void tree(MachineView view, HumanText out) {
        out.line("address-space: cpu-memory-0").line("address-space: memory");
        out.print("  %s (prio 0, i/o): system\n", WHOLE);
        var memory = view.memory();
        memory.stream().filter(region -> region.kind() != Region.Kind.IO).forEach(region -> alias(out, region));
        out.print("    %s (prio -1, i/o): pci\n", WHOLE);
        memory.stream().filter(Region::pci).forEach(region -> line(out, "      ", region, 1, region.name()));
        memory.stream()
                .filter(region -> region.kind() == Region.Kind.IO && !region.pci())
                .forEach(region -> line(out, "    ", region, 0, region.name()));
        out.line("");
        out.line("address-space: I/O").line("  0000000000000000-000000000000ffff (prio 0, i/o): io");
        view.ports().forEach(region -> line(out, "    ", region, region.pci() ? 1 : 0, region.name()));
        out.line("");
        out.line("memory-region: pc.ram");
        out.print("  %s (prio 0, ram): pc.ram\n", range(0, view.memoryBytes() - 1));
        out.line("");
    }

    private static void alias(HumanText out, Region region) {
        String part = Long.compareUnsigned(region.first(), FOUR_GIB) < 0 ? "ram-below-4g" : "ram-above-4g";
        long length = region.last() - region.first();
        line(
                out,
                "    ",
                region,
                0,
                "alias " + part + " @" + region.name() + " " + range(region.offset(), region.offset() + length));
    }

    /// What each address leads to at last.
    static void flat(MachineView view, HumanText out) {
        out.line("FlatView #0")
                .line(" AS \"memory\", root: system")
                .line(" AS \"cpu-memory-0\", root: system")
                .line(" Root memory region: system");
        flat(out, view.memory());
        out.line("").line("FlatView #1").line(" AS \"I/O\", root: io").line(" Root memory region: io");
        flat(out, view.ports());
        out.line("");
    }

    private static void flat(HumanText out, List<Region> regions) {
        for (var region : regions) {
            String offset = region.offset() == 0 ? "" : String.format(Locale.ROOT, " @%016x", region.offset());
            line(out, "  ", region, region.pci() ? 1 : 0, region.name() + offset);
        }
    }

    private static void line(HumanText out, String indent, Region region, int priority, String what) {
        String kind = switch (region.kind()) {
            case RAM -> "ram";
            case ROM -> "rom";
            case IO -> "i/o";
        };
        out.add(indent).add(range(region.first(), region.last()));
        out.print(" (prio %d, %s): %s\n", priority, kind, what);
    }

    private static String range(long first, long last) {
        return String.format(Locale.ROOT, "%016x-%016x", first, last);
    }
}
