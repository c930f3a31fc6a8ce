package io.sluice.vmm.device.uart;

/// News of a UART, for metrics. Called inside its strand; never blocks.
public interface UartEvents {
    /// Nobody listens.
    UartEvents NONE = new UartEvents() {};

    /// A byte went to the host.
    default void sent() {}

    /// The guest took a byte out of the receiver.
    default void received() {}

    /// The guest wrote into a full transmitter; the byte is lost.
    default void transmitterOverrun() {}
}
