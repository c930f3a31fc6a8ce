package io.sluice.vmm.irq;

/// Hears that a level-triggered interrupt was ended: the I/O APIC. Any thread; never blocks.
public interface EoiListener {
    void endOfInterrupt(int vector);
}
