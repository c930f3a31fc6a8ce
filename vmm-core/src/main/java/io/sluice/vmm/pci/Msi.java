package io.sluice.vmm.pci;

/// Message-signalled interrupts of one function (PCI Express Base 6.0 section 7.7.1). On the function's strand.
public final class Msi {
    static final int ID = 0x05;
    private static final int ENABLE = 1;
    private static final int WIDE = 1 << 7;
    private static final int MASKING = 1 << 8;

    private final ConfigSpace config;
    private final PciDma bus;
    private final int base;
    private final int vectors;
    private final boolean wide;
    private final boolean masking;
    private Runnable listener = () -> {};
    private boolean wasEnabled;

    Msi(ConfigSpace config, PciDma bus, int base, int vectors, boolean wide, boolean masking) {
        this.config = config;
        this.bus = bus;
        this.base = base;
        this.vectors = vectors;
        this.wide = wide;
        this.masking = masking;
        int log2 = Integer.numberOfTrailingZeros(vectors);
        int control = log2 << 1 | (wide ? WIDE : 0) | (masking ? MASKING : 0);
        config.define(control(), 2, control, ENABLE | 7 << 4, 0);
        config.define(base + 4, 4, 0, ~3, 0);
        if (wide) {
            config.define(base + 8, 4, 0, -1, 0);
        }
        config.define(data(), 2, 0, 0xFFFF, 0);
        if (masking) {
            config.define(mask(), 4, 0, vectors == 32 ? -1 : (1 << vectors) - 1, 0);
        }
    }

    static int length(boolean wide, boolean masking) {
        return (masking ? 20 : 10) + (wide ? 4 : 0);
    }

    private int control() {
        return base + 2;
    }

    private int data() {
        return base + (wide ? 12 : 8);
    }

    private int mask() {
        return data() + 4;
    }

    private int pending() {
        return data() + 8;
    }

    int first() {
        return base;
    }

    int last() {
        return base + length(wide, masking) - 1;
    }

    /// Vectors that the function asks for.
    public int vectors() {
        return vectors;
    }

    /// Vectors that the guest has granted.
    public int granted() {
        return 1 << (config.get16(control()) >> 4 & 7);
    }

    public boolean enabled() {
        return (config.get16(control()) & ENABLE) != 0;
    }

    /// Told, inside the strand, each time the guest turns messages on or off.
    public void onEnableChange(Runnable changed) {
        listener = changed;
    }

    /// Sends the message of `vector`, or leaves it pending while it is masked; nothing happens while messages are off.
    /// A vector that was not granted uses the last one that was.
    public void notify(int vector) {
        if (!enabled()) {
            return;
        }
        int granted = Math.min(vector, granted() - 1);
        int bit = 1 << granted;
        if (masking && (config.get32(mask()) & bit) != 0) {
            config.set(pending(), 4, config.get32(pending()) | bit);
            return;
        }
        send(granted);
    }

    private void send(int vector) {
        long address = config.get32(base + 4) & 0xFFFF_FFFFL;
        if (wide) {
            address |= (long) config.get32(base + 8) << 32;
        }
        int data = config.get16(data()) & -granted() | vector;
        bus.message(address, data);
    }

    /// After the guest wrote here: what is pending and no longer masked goes out.
    void settle() {
        // No more vectors can be granted than the function asks for.
        int control = config.get16(control());
        int most = Integer.numberOfTrailingZeros(vectors);
        if ((control >> 4 & 7) > most) {
            config.set(control(), 2, control & ~(7 << 4) | most << 4);
        }
        if (enabled() != wasEnabled) {
            wasEnabled = enabled();
            listener.run();
        }
        if (!masking || !enabled()) {
            return;
        }
        int ready = config.get32(pending()) & ~config.get32(mask());
        config.set(pending(), 4, config.get32(pending()) & ~ready);
        for (int vector = 0; vector < granted(); vector++) {
            if ((ready >> vector & 1) != 0) {
                send(vector);
            }
        }
    }
}
