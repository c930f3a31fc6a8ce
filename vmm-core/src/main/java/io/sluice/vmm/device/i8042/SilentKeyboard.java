package io.sluice.vmm.device.i8042;

import java.util.function.IntConsumer;

/// An AT keyboard on which nobody types: it answers the commands that drivers send to find it.
final class SilentKeyboard {
    private static final int ACKNOWLEDGE = 0xFA;
    private static final int RESEND = 0xFE;
    private static final int PASSED = 0xAA;

    private final IntConsumer answer;
    private int argumentOf;

    SilentKeyboard(IntConsumer answer) {
        this.answer = answer;
    }

    void reset() {
        argumentOf = 0;
    }

    int command() {
        return argumentOf;
    }

    void restore(int command) {
        argumentOf = command;
    }

    /// A byte from the host: a command, or the argument of the one before.
    void take(int octet) {
        int command = argumentOf;
        argumentOf = 0;
        // All commands are 0xED and above, all arguments below.
        if (command != 0 && octet < 0xED) {
            answer.accept(ACKNOWLEDGE);
            if (command == 0xF0 && octet == 0) {
                answer.accept(2);
            }
            return;
        }
        switch (octet) {
            // Lights, code set, repeat rate: an argument follows.
            case 0xED, 0xF0, 0xF3 -> {
                argumentOf = octet;
                answer.accept(ACKNOWLEDGE);
            }
            case 0xEE -> answer.accept(0xEE);
            case 0xF2 -> {
                answer.accept(ACKNOWLEDGE);
                answer.accept(0xAB);
                answer.accept(0x83);
            }
            case 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA -> answer.accept(ACKNOWLEDGE);
            case 0xFF -> {
                answer.accept(ACKNOWLEDGE);
                answer.accept(PASSED);
            }
            default -> answer.accept(RESEND);
        }
    }
}
