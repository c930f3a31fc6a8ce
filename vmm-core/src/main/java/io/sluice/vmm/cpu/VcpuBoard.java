package io.sluice.vmm.cpu;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.irq.ApicBus;
import io.sluice.vmm.irq.IrqLine;
import io.sluice.vmm.loop.MachineClock;
import io.sluice.vmm.trace.Trace;
import java.util.function.IntSupplier;

/// What a vCPU is plugged into.
///
/// @param count how many vCPUs the machine has
/// @param acknowledgePics the interrupt acknowledge cycle of the PICs; called on the vCPU's thread
/// @param ferr the x87's error line (IRQ 13)
/// @param trace the machine's log
public record VcpuBoard(
        AddressSpace memory,
        AddressSpace io,
        MachineClock clock,
        ApicBus apicBus,
        int count,
        IntSupplier acknowledgePics,
        IrqLine ferr,
        Trace trace) {

    /// Without a log.
    public VcpuBoard(
            AddressSpace memory,
            AddressSpace io,
            MachineClock clock,
            ApicBus apicBus,
            int count,
            IntSupplier acknowledgePics,
            IrqLine ferr) {
        this(memory, io, clock, apicBus, count, acknowledgePics, ferr, Trace.none());
    }
}
