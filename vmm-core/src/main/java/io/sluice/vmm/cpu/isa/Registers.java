package io.sluice.vmm.cpu.isa;

/// Names of the general registers.
final class Registers {
    private static final String[] OLD = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
    private static final String[] LOW = {"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"};
    private static final String[] HIGH = {"ah", "ch", "dh", "bh"};

    private Registers() {}

    static String general(int number, int size) {
        if (number >= 8) {
            return "r" + number
                    + switch (size) {
                        case 1 -> "b";
                        case 2 -> "w";
                        case 4 -> "d";
                        default -> "";
                    };
        }
        return switch (size) {
            case 1 -> LOW[number];
            case 2 -> OLD[number];
            case 4 -> "e" + OLD[number];
            default -> "r" + OLD[number];
        };
    }

    static String high(int number) {
        return HIGH[number];
    }
}
