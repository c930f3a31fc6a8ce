package io.sluice.guest.asm;

/// A condition of Jcc, SETcc and CMOVcc.
public enum Condition {
    O(0),
    NO(1),
    B(2),
    AE(3),
    E(4),
    NE(5),
    BE(6),
    A(7),
    S(8),
    NS(9),
    P(10),
    NP(11),
    L(12),
    GE(13),
    LE(14),
    G(15);

    private final int code;

    Condition(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }
}
