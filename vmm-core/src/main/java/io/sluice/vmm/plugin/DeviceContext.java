package io.sluice.vmm.plugin;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.bus.Mapping;
import io.sluice.vmm.disk.Drives;
import io.sluice.vmm.irq.IrqLine;
import io.sluice.vmm.loop.MachineClock;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.meter.MeterBoard;
import io.sluice.vmm.qapi.EventType;
import io.sluice.vmm.trace.Trace;
import java.util.List;

/// What the machine offers to a device or an object that is being made.
public interface DeviceContext {
    /// A strand of its own for the new device, on a loop that the machine chooses.
    Strand newStrand();

    AddressSpace memory();

    /// The guest's RAM: where each piece of it lies in guest physical memory, and in which file. Does not change; what
    /// devices show of memory of their own is not among it.
    default List<Mapping.Ram> ram() {
        return List.of();
    }

    AddressSpace io();

    /// An interrupt input by its ISA number. 0 to 15 are wired as on a PC; 16 to 23 are the inputs that PCI uses.
    IrqLine irq(int number);

    MachineClock clock();

    /// Tells those who watch the machine that something has happened. Any thread; never blocks.
    void emit(EventType.Event<?> event);

    /// The machine's log: what `-d` shows.
    default Trace trace() {
        return Trace.none();
    }

    /// Where a device or an object hangs out what it counts. A group of meters is closed when its owner ends.
    MeterBoard meters();

    /// The drives that `-drive` has opened.
    default Drives drives() {
        return new Drives();
    }

    /// The machine's power and exit.
    MachinePower power();

    /// How a device ends or restarts the machine. Any strand; returns at once.
    interface MachinePower {
        /// Ends the process with this status.
        void exit(int status);

        void reset();

        void powerOff();
    }
}
