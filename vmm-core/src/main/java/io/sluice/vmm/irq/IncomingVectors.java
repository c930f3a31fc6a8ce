package io.sluice.vmm.irq;

import java.util.concurrent.atomic.AtomicLongArray;

/// Vectors on their way to an APIC: any thread adds, the vCPU's thread drains. Edge and level have words of their own
/// so that a vector and its trigger mode arrive as one atomic bit.
final class IncomingVectors {
    private static final int LEVEL = 4;
    private final AtomicLongArray words = new AtomicLongArray(8);

    /// Always writes, also a bit that is there already: who takes it afterwards sees all that the adder stored before
    /// (`IncomingVectorsStress`).
    void add(int vector, boolean level) {
        words.getAndAccumulate((vector >> 6) + (level ? LEVEL : 0), 1L << vector, (a, b) -> a | b);
    }

    /// Moves everything into `irr`; `tmr` gets each new vector's trigger mode.
    void drain(VectorSet irr, VectorSet tmr) {
        for (int i = 0; i < 4; i++) {
            long edge = take(i);
            long level = take(i + LEVEL);
            if ((edge | level) != 0) {
                irr.setWord(i, irr.word(i) | edge | level);
                tmr.setWord(i, tmr.word(i) & ~edge | level);
            }
        }
    }

    void clear() {
        for (int i = 0; i < 2 * LEVEL; i++) {
            take(i);
        }
    }

    private long take(int word) {
        return words.get(word) == 0 ? 0 : words.getAndSet(word, 0);
    }
}
