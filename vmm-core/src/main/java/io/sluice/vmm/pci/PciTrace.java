package io.sluice.vmm.pci;

import io.sluice.vmm.trace.Item;
import io.sluice.vmm.trace.Trace;

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

    /// @param first where the BAR is decoded from now on
    void placed(PciPort port, PciFunction function, Bar bar, long first) {
        if (trace.on(Item.PCI)) {
            trace.line(
                    Item.PCI,
                    head(port, function)
                            + String.format(
                                    "BAR %d at %s %x..%x",
                                    bar.index(), bar.isIo() ? "port" : "memory", first, first + bar.size() - 1));
        }
    }

    void unplaced(PciPort port, PciFunction function, Bar bar) {
        if (trace.on(Item.PCI)) {
            trace.line(Item.PCI, head(port, function) + "BAR " + bar.index() + " off");
        }
    }

    void sent(PciPort port, PciFunction function, long address, int data) {
        if (trace.on(Item.PCI)) {
            trace.line(Item.PCI, head(port, function) + String.format("message %x <- %x", address, data));
        }
    }
}
