package io.sluice.vmm.plugin;

import io.sluice.vmm.pci.PciFunction;
import io.sluice.vmm.pci.RootPort;
import java.util.List;

/// A device that has been made. The machine puts it where it belongs, resets it, and closes it last; it does so from
/// a thread that is in no strand and on no loop.
public sealed interface Attachable extends AutoCloseable {
    /// Gives back what the device holds; never fails. It is off its bus by then.
    @Override
    void close();

    /// A PCI function, which the machine puts on a bus. Its reset is the function's own.
    ///
    /// @param release runs once, when the device ends
    /// @param displays what the device shows, by the number of its head
    record Pci(PciFunction function, Runnable release, List<Display> displays) implements Attachable {
        public Pci {
            displays = List.copyOf(displays);
        }

        public Pci(PciFunction function, Runnable release) {
            this(function, release, List.of());
        }

        public Pci(PciFunction function) {
            this(function, () -> {});
        }

        @Override
        public void close() {
            release.run();
        }
    }

    /// A root port, whose bus takes the device's id for its name.
    ///
    /// @param chassis no two ports of a chassis have one slot number
    record Port(RootPort port, int chassis, int slot) implements Attachable {
        @Override
        public void close() {}
    }

    /// A device at fixed addresses, which it has mapped itself.
    ///
    /// @param reset brings it back to its state at power-on
    /// @param release unmaps it
    record Platform(Runnable reset, Runnable release) implements Attachable {
        @Override
        public void close() {
            release.run();
        }
    }
}
