package io.sluice.vmm.irq;

/// The input pins of an interrupt controller. Called inside the strand of the interrupt controllers.
public interface PinSink {
    /// @param level whether any device asserts the pin
    void setPin(int pin, boolean level);
}
