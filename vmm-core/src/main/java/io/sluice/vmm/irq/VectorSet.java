package io.sluice.vmm.irq;

import java.util.List;

/// A set of the 256 vectors, owned by one thread.
final class VectorSet {
    private long w0;
    private long w1;
    private long w2;
    private long w3;

    long word(int index) {
        return switch (index) {
            case 0 -> w0;
            case 1 -> w1;
            case 2 -> w2;
            default -> w3;
        };
    }

    void setWord(int index, long bits) {
        switch (index) {
            case 0 -> w0 = bits;
            case 1 -> w1 = bits;
            case 2 -> w2 = bits;
            default -> w3 = bits;
        }
    }

    /// 32 vectors starting at `index * 32`: one register of the APIC page.
    int word32(int index) {
        return (int) (word(index >> 1) >>> 32 * (index & 1));
    }

    boolean contains(int vector) {
        return (word(vector >> 6) >>> vector & 1) != 0;
    }

    void add(int vector) {
        setWord(vector >> 6, word(vector >> 6) | 1L << vector);
    }

    void remove(int vector) {
        setWord(vector >> 6, word(vector >> 6) & ~(1L << vector));
    }

    void clear() {
        w0 = 0;
        w1 = 0;
        w2 = 0;
        w3 = 0;
    }

    /// The highest vector, or -1 if there is none.
    int highest() {
        if (w3 != 0) {
            return 255 - Long.numberOfLeadingZeros(w3);
        }
        if (w2 != 0) {
            return 191 - Long.numberOfLeadingZeros(w2);
        }
        if (w1 != 0) {
            return 127 - Long.numberOfLeadingZeros(w1);
        }
        return w0 != 0 ? 63 - Long.numberOfLeadingZeros(w0) : -1;
    }

    List<Long> toList() {
        return List.of(w0, w1, w2, w3);
    }

    void set(List<Long> words) {
        for (int i = 0; i < 4; i++) {
            setWord(i, words.get(i));
        }
    }
}
