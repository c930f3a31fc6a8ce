package io.sluice.samples.ring;

import org.jspecify.annotations.Nullable;

/// What a command does, and which rights it needs. The constants' places are the numbers in the ring.
enum Opcode {
    NOP(0, 0),
    /// Source to target.
    COPY(KeyTable.READ, KeyTable.WRITE),
    /// The operand, over and over, to target.
    FILL(0, KeyTable.WRITE),
    /// Source with target.
    COMPARE(KeyTable.READ, KeyTable.READ),
    /// CRC-32C of source.
    CRC(KeyTable.READ, 0),
    /// Done when all before it are.
    FENCE(0, 0);

    private static final Opcode[] ALL = values();

    /// The right that it needs over its source; 0 if it has none.
    final int source;
    /// The same for its target.
    final int target;

    Opcode(int source, int target) {
        this.source = source;
        this.target = target;
    }

    boolean movesNothing() {
        return source == 0 && target == 0;
    }

    /// @return null if nothing has this number
    static @Nullable Opcode of(int number) {
        return number < ALL.length ? ALL[number] : null;
    }
}
