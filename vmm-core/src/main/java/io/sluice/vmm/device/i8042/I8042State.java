package io.sluice.vmm.device.i8042;

import java.util.List;

/// What a snapshot stores of the keyboard controller; the codes that wait have bit 8 set if they are the keyboard's.
public record I8042State(
        List<Integer> memory,
        int lastCommand,
        int outputPort,
        boolean commandLast,
        int keyboardCommand,
        List<Integer> output) {}
