package io.sluice.vmm.machine;

import io.sluice.vmm.device.uart.UartEvents;

/// What one serial port has carried. Written inside its strand; any thread reads.
final class UartCounters implements UartEvents {
    private long sent;
    private long received;
    private long overruns;

    @Override
    public void sent() {
        sent++;
    }

    @Override
    public void received() {
        received++;
    }

    @Override
    public void transmitterOverrun() {
        overruns++;
    }

    long bytesSent() {
        return sent;
    }

    long bytesReceived() {
        return received;
    }

    long overruns() {
        return overruns;
    }
}
