package io.sluice.vmm.device.uart;

/// The far end of the serial cable. Called inside the UART's strand; never blocks.
public interface UartHost {
    /// Takes one byte that the guest sent.
    ///
    /// @return `false` if there is no room: the UART keeps the byte until [Uart16550#outputReady]
    boolean write(byte octet);

    /// The UART has room for input again after it had refused some ([Uart16550#receive] took less than it was given).
    void inputWanted();
}
