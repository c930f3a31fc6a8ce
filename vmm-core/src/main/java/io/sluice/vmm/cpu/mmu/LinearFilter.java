package io.sluice.vmm.cpu.mmu;

import java.util.BitSet;

/// Which pages of one size were noted. A yes may be wrong, a no never is.
final class LinearFilter {
    private static final int BITS = 14;

    private final int shift;
    private final BitSet noted = new BitSet(1 << BITS);

    /// @param shift number of the address bits within a page
    LinearFilter(int shift) {
        this.shift = shift;
    }

    private int index(long linear) {
        long page = linear >>> shift;
        return (int) (page ^ page >>> BITS) & (1 << BITS) - 1;
    }

    void note(long linear) {
        noted.set(index(linear));
    }

    boolean mayHold(long linear) {
        return noted.get(index(linear));
    }

    void clear() {
        noted.clear();
    }
}
