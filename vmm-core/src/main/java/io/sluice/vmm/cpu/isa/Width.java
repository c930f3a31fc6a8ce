package io.sluice.vmm.cpu.isa;

/// How many bytes an operand of a row has.
enum Width {
    NONE,
    B,
    W,
    D,
    Q,
    T,
    DQ,
    O,
    FX,
    V,
    Z,
    Y,
    N,
    A,
    P,
    S,
    PAIR,
    ENV,
    SAV;

    static Width parse(String letters) {
        return switch (letters) {
            case "" -> NONE;
            case "b", "bs" -> B;
            case "w" -> W;
            case "d", "ss" -> D;
            case "q", "sd" -> Q;
            case "t" -> T;
            case "dq", "ps", "pd" -> DQ;
            case "o" -> O;
            case "fx" -> FX;
            case "v" -> V;
            case "z" -> Z;
            case "y" -> Y;
            case "n" -> N;
            case "a" -> A;
            case "p" -> P;
            case "s" -> S;
            case "2v" -> PAIR;
            case "env" -> ENV;
            case "sav" -> SAV;
            default -> throw new IllegalStateException("isa.txt: unknown operand size " + letters);
        };
    }

    /// Bytes, for this operand size, address size, mode and REX.W or VEX.W.
    int bytes(int operandSize, int addressSize, int mode, boolean wide) {
        return switch (this) {
            case NONE -> 0;
            case B -> 1;
            case W -> 2;
            case D -> 4;
            case Q -> 8;
            case T -> 10;
            case DQ -> 16;
            case O -> 64;
            case FX -> 512;
            case V -> operandSize;
            case Z -> Math.min(operandSize, 4);
            case Y -> wide ? 8 : 4;
            case N -> mode == 64 ? 8 : 4;
            case A -> addressSize;
            case P -> 2 + operandSize;
            case S -> mode == 64 ? 10 : 6;
            case PAIR -> 2 * operandSize;
            case ENV -> operandSize == 2 ? 14 : 28;
            case SAV -> operandSize == 2 ? 94 : 108;
        };
    }
}
