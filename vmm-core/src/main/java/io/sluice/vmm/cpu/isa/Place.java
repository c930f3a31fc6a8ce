package io.sluice.vmm.cpu.isa;

/// Where an operand of a row is found; the letters of the table's grammar.
enum Place {
    E,
    G,
    M,
    R,
    B,
    Z,
    P,
    N,
    Q,
    V,
    U,
    W,
    S,
    C,
    D,
    /// Immediate, zero-extended.
    I,
    /// Immediate, sign-extended.
    IS,
    J,
    A,
    O,
    X,
    Y,
    STI,
    /// The accumulator, sized like the operation.
    ACCUMULATOR,
    /// Always the same operand.
    FIXED;

    /// One of its forms is memory named by ModRM.
    boolean mayBeMemory() {
        return this == E || this == M || this == Q || this == W;
    }

    boolean isModRm() {
        return ordinal() <= D.ordinal() && this != B && this != Z;
    }
}
