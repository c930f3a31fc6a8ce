package io.sluice.vmm.pci;

import io.sluice.vmm.bus.Mapping;
import io.sluice.vmm.trace.Item;
import io.sluice.vmm.trace.Trace;
import java.util.List;
import java.util.Objects;

/// What PCI functions tell (`pci`). On each function's strand.
final class PciTrace {
    private final Trace trace;

    PciTrace(Trace trace) {
        this.trace = trace;
    }

    private static String head(PciPort port, PciFunction function) {
        return "pci " + port.bdf() + " " + function.name() + ": ";
    }

    void added(PciPort port, PciFunction function) {
        if (trace.on(Item.PCI)) {
            trace.line(Item.PCI, head(port, function) + "added");
        }
    }

    void removed(PciPort port, PciFunction function) {
        if (trace.on(Item.PCI)) {
            trace.line(Item.PCI, head(port, function) + "removed");
        }
    }

    void written(PciPort port, PciFunction function, int offset, int size, int value) {
        if (trace.on(Item.PCI)) {
            long shown = value & -1L >>> 64 - 8 * size;
            trace.line(
                    Item.PCI,
                    head(port, function) + String.format("config %03x <- %0" + 2 * size + "x", offset, shown));
        }
    }

    /// What of a function's BARs the maps show has changed.
    void moved(PciPort port, PciFunction function, List<Mapping> before, List<Mapping> after) {
        if (!trace.on(Item.PCI) || before.equals(after)) {
            return;
        }
        for (var gone : before) {
            if (after.stream().noneMatch(m -> sameBar(function, m, gone))) {
                line(port, function, gone, " off");
            }
        }
        for (var shown : after) {
            if (!before.contains(shown)) {
                line(port, function, shown, String.format(" at %x..%x", shown.first(), shown.last()));
            }
        }
    }

    private static boolean sameBar(PciFunction function, Mapping one, Mapping other) {
        return bar(function, one).equals(bar(function, other));
    }

    private static Bar bar(PciFunction function, Mapping mapping) {
        return Objects.requireNonNull(function.barBehind(mapping), "a BAR's mapping");
    }

    private void line(PciPort port, PciFunction function, Mapping mapping, String what) {
        var bar = bar(function, mapping);
        trace.line(
                Item.PCI, head(port, function) + "BAR " + bar.index() + (bar.isIo() ? " (ports)" : " (memory)") + what);
    }

    void sent(PciPort port, PciFunction function, long address, int data) {
        if (trace.on(Item.PCI)) {
            trace.line(Item.PCI, head(port, function) + String.format("message %x <- %x", address, data));
        }
    }
}
