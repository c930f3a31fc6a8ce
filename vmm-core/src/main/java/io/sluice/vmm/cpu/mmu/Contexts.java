package io.sluice.vmm.cpu.mmu;

/// Numbers for address-space contexts (what the processor keys by PCID), 12 bits each, never reused until all caches
/// were cleared. Flushing a PCID means giving it a new number.
final class Contexts {
    static final int LIMIT = 0xFFE;
    private static final int PCIDS = 4096;

    private final short[] numberOfPcid = new short[PCIDS];
    private int next = 1;

    /// The number that stands for `pcid` now; 0 means that it has none and [#renew] must give one.
    int of(int pcid) {
        return numberOfPcid[pcid] & 0xFFFF;
    }

    /// A new number for `pcid`, or 0 when they are used up: then the caller clears every cache and calls [#restart].
    int renew(int pcid) {
        if (next > LIMIT) {
            return 0;
        }
        numberOfPcid[pcid] = (short) next;
        return next++;
    }

    void restart() {
        java.util.Arrays.fill(numberOfPcid, (short) 0);
        next = 1;
    }

    /// Forgets the number of `pcid`, so that its old entries can never be hit again.
    void forget(int pcid) {
        numberOfPcid[pcid] = 0;
    }

    void forgetAll() {
        java.util.Arrays.fill(numberOfPcid, (short) 0);
    }
}
