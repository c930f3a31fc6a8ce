package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.trace.Trace;

/// What a vCPU needs of the machine around it, beside memory and ports.
public interface CpuPorts {
    /// The local APIC's side; see [InterruptController].
    InterruptController interrupts();

    /// Guest time in nanoseconds; the time-stamp counter runs at exactly 1 GHz.
    long nanos();

    /// FERR# of the x87 (CR0.NE clear): the machine routes it to IRQ 13.
    void ferr(boolean asserted);

    /// A hidden processor's serial number of sorts: how many there are and which this is.
    int id();

    int count();

    /// The machine's log.
    default Trace trace() {
        return Trace.none();
    }
}
