package io.sluice.vmm.control;

import io.sluice.vmm.machine.MachineView.PciPart;
import io.sluice.vmm.pci.Bar;
import java.util.List;

/// `info pci`: each function, and below each bridge what is behind it.
final class InfoPci {
    private static final int BRIDGE_HEADER = 1;
    /// The guest numbers the buses, so it could make a circle of them.
    static final int DEEPEST = 8;

    private static final int DECODES_IO = 1;
    private static final int DECODES_MEMORY = 2;

    private final List<PciPart> parts;
    private final HumanText out;

    InfoPci(List<PciPart> parts, HumanText out) {
        this.parts = parts;
        this.out = out;
    }

    /// The little-endian number of 1, 2 or 4 bytes at `offset` of configuration space.
    static long get(PciPart part, int offset, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (part.config()[offset + i] & 0xFFL) << 8 * i;
        }
        return value;
    }

    /// Base class and subclass.
    static int classOf(PciPart part) {
        return (int) get(part, 0x0A, 2);
    }

    static boolean isBridge(PciPart part) {
        return (get(part, 0x0E, 1) & 0x7F) == BRIDGE_HEADER;
    }

    static int secondaryBus(PciPart bridge) {
        return (int) get(bridge, 0x19, 1);
    }

    /// Where the BAR answers; -1 if it does not.
    static long address(PciPart part, Bar bar) {
        boolean io = bar.kind() == Bar.Kind.IO;
        if ((get(part, 0x04, 2) & (io ? DECODES_IO : DECODES_MEMORY)) == 0) {
            return -1;
        }
        int offset = 0x10 + 4 * bar.index();
        long high = bar.kind() == Bar.Kind.MEMORY64 ? get(part, offset + 4, 4) << 32 : 0;
        long address = (get(part, offset, 4) | high) & -bar.size();
        return address == 0 ? -1 : address;
    }

    void print() {
        parts.stream().filter(part -> part.at().bus() == 0).forEach(part -> print(part, 0));
    }

    private void print(PciPart part, int depth) {
        out.print(
                "  Bus %2d, device %3d, function %d:\n    %s: PCI device %04x:%04x\n",
                part.at().bus(),
                part.at().device(),
                part.at().function(),
                PciClasses.inMonitor(classOf(part)),
                get(part, 0, 2),
                get(part, 2, 2));
        boolean bridge = isBridge(part);
        if (!bridge) {
            out.print("      PCI subsystem %04x:%04x\n", get(part, 0x2C, 2), get(part, 0x2E, 2));
        }
        long pin = get(part, 0x3D, 1);
        if (pin != 0) {
            out.print("      IRQ %d, pin %c\n", get(part, 0x3C, 1), (char) ('A' + pin - 1));
        }
        if (bridge) {
            windows(part);
        }
        part.bars().forEach(bar -> bar(part, bar));
        out.print("      id \"%s\"\n", part.id());
        if (bridge && secondaryBus(part) != 0 && depth < DEEPEST) {
            parts.stream()
                    .filter(other -> other.at().bus() == secondaryBus(part))
                    .forEach(other -> print(other, depth + 1));
        }
    }

    private void windows(PciPart part) {
        out.print("      BUS %d.\n", get(part, 0x18, 1));
        out.print("      secondary bus %d.\n", secondaryBus(part));
        out.print("      subordinate bus %d.\n", get(part, 0x1A, 1));
        range("IO range [0x%04x, 0x%04x]", ports(part));
        range("memory range [0x%08x, 0x%08x]", memory(part));
        range("prefetchable memory range [0x%08x, 0x%08x]", prefetchable(part));
    }

    private void range(String format, PciCommands.PciRange range) {
        out.print("      " + format + "\n", range.base(), range.limit());
    }

    // ---- what a bridge lets through (PCI-to-PCI Bridge Architecture, section 3.2.5)

    static PciCommands.PciRange ports(PciPart bridge) {
        return new PciCommands.PciRange((get(bridge, 0x1C, 1) & 0xF0) << 8, (get(bridge, 0x1D, 1) & 0xF0) << 8 | 0xFFF);
    }

    static PciCommands.PciRange memory(PciPart bridge) {
        return new PciCommands.PciRange(
                (get(bridge, 0x20, 2) & 0xFFF0) << 16, (get(bridge, 0x22, 2) & 0xFFF0) << 16 | 0xF_FFFF);
    }

    static PciCommands.PciRange prefetchable(PciPart bridge) {
        return new PciCommands.PciRange(
                get(bridge, 0x28, 4) << 32 | (get(bridge, 0x24, 2) & 0xFFF0) << 16,
                get(bridge, 0x2C, 4) << 32 | (get(bridge, 0x26, 2) & 0xFFF0) << 16 | 0xF_FFFF);
    }

    private void bar(PciPart part, Bar bar) {
        long first = address(part, bar);
        long last = first + bar.size() - 1;
        if (bar.kind() == Bar.Kind.IO) {
            out.print("      BAR%d: I/O at 0x%04x [0x%04x].\n", bar.index(), first, last);
        } else {
            out.print(
                    "      BAR%d: %d bit%s memory at 0x%08x [0x%08x].\n",
                    bar.index(),
                    bar.kind() == Bar.Kind.MEMORY64 ? 64 : 32,
                    bar.prefetchable() ? " prefetchable" : "",
                    first,
                    last);
        }
    }
}
