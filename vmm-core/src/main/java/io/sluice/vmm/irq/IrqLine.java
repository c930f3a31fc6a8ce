package io.sluice.vmm.irq;

/// One wire into an interrupt controller. Set from the strand of its device; never blocks.
public interface IrqLine {
    /// A line that goes nowhere.
    IrqLine NONE = asserted -> {};

    /// `true` asserts the line, `false` releases it; repeating a level changes nothing.
    void set(boolean asserted);
}
