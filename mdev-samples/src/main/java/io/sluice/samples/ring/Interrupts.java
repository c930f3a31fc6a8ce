package io.sluice.samples.ring;

import io.sluice.vfio.mdev.MdevContext;

/// From a client's news to an interrupt. A cause is a level until the owner takes it back; the pin is up while an
/// enabled
/// one is left, and a message goes out for each that is new. vfio delivers the one that the user chose.
final class Interrupts {
    /// MSI has no more.
    static final int MOST_VECTORS = 32;

    private final MdevContext context;
    private final int vectors;
    private long causes;
    private long enabled;
    private boolean pinOff;

    Interrupts(MdevContext context, int clients) {
        this.context = context;
        this.vectors = Math.min(clients, MOST_VECTORS);
    }

    int vectors() {
        return vectors;
    }

    long causes() {
        return causes;
    }

    long enabled() {
        return enabled;
    }

    void raise(int client) {
        change(causes | 1L << client, enabled);
    }

    void acknowledge(long bits) {
        change(causes & ~bits, enabled);
    }

    void enable(long bits) {
        change(causes, bits);
    }

    /// COMMAND's "interrupt disable": the pin stays down, messages do not care.
    void pinOff(boolean off) {
        pinOff = off;
        change(causes, enabled);
    }

    void clear() {
        change(0, 0);
    }

    private void change(long newCauses, long newEnabled) {
        long fresh = newCauses & newEnabled & ~(causes & enabled);
        causes = newCauses;
        enabled = newEnabled;
        context.intx((causes & enabled) != 0 && !pinOff);
        for (; fresh != 0; fresh &= fresh - 1) {
            context.msi(Long.numberOfTrailingZeros(fresh) % vectors);
        }
    }
}
