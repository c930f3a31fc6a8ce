package io.sluice.vmm.cpu.isa;

import org.jspecify.annotations.Nullable;

/// One operand of a row, as the table writes it.
///
/// @param fixed the operand itself where `place` is [Place#FIXED]
record OperandForm(
        String text, Place place, Width width, @Nullable Operand fixed) {
    static OperandForm parse(String text) {
        return switch (text) {
            case "AL" -> fixed(text, Width.B, Operand.Kind.GPR, 0, 1);
            case "CL" -> fixed(text, Width.B, Operand.Kind.GPR, 1, 1);
            case "AX" -> fixed(text, Width.W, Operand.Kind.GPR, 0, 2);
            case "DX" -> fixed(text, Width.W, Operand.Kind.GPR, 2, 2);
            case "ES", "CS", "SS", "DS", "FS", "GS" -> fixed(text, Width.W, Operand.Kind.SEGMENT, segment(text), 2);
            case "ST0" -> fixed(text, Width.T, Operand.Kind.ST, 0, 10);
            case "XMM0" -> fixed(text, Width.DQ, Operand.Kind.XMM, 0, 16);
            case "1", "3" -> fixed(text, Width.NONE, Operand.Kind.CONSTANT, Integer.parseInt(text), 0);
            case "STi" -> new OperandForm(text, Place.STI, Width.T, null);
            case "rAX" -> new OperandForm(text, Place.ACCUMULATOR, Width.V, null);
            case "zAX" -> new OperandForm(text, Place.ACCUMULATOR, Width.Z, null);
            case "Ibs", "Iz", "Iv" -> new OperandForm(text, Place.IS, Width.parse(text.substring(1)), null);
            default -> new OperandForm(text, Place.valueOf(text.substring(0, 1)), Width.parse(text.substring(1)), null);
        };
    }

    private static int segment(String name) {
        return switch (name) {
            case "ES" -> Insn.ES;
            case "CS" -> Insn.CS;
            case "SS" -> Insn.SS;
            case "DS" -> Insn.DS;
            case "FS" -> Insn.FS;
            default -> Insn.GS;
        };
    }

    private static OperandForm fixed(String text, Width width, Operand.Kind kind, int number, int size) {
        return new OperandForm(text, Place.FIXED, width, new Operand(kind, number, size));
    }

    /// DX and Ib of IN and OUT name a port, not the size of the operation.
    boolean isPort() {
        return text.equals("DX") || text.equals("Ib");
    }

    boolean isByteOperation() {
        return width == Width.B
                && switch (place) {
                    case E, G, O, X, Y, Z, FIXED -> true;
                    default -> false;
                };
    }
}
