package io.sluice.vmm.device.uart;

import java.util.List;

/// What a snapshot stores of a UART. `received` holds a byte in bits 7..0 and its line status in bits 15..8.
public record UartState(
        int interruptEnable,
        int fifoControl,
        int lineControl,
        int modemControl,
        int overrun,
        int modemStatus,
        int scratch,
        int divisor,
        int modemInputs,
        boolean transmitterPending,
        boolean timedOut,
        List<Integer> received,
        List<Integer> toSend) {}
