package io.sluice.vmm.pci;

import io.sluice.vmm.bus.BusDevice;
import java.util.function.IntConsumer;

/// MSI-X of one function (PCI Express Base 6.0 section 7.7.2): the capability, and the table and pending bits, which
/// lie in a BAR over what the device itself answers there. On the function's strand.
public final class Msix {
    static final int ID = 0x11;
    static final int LENGTH = 12;
    static final int MAX_VECTORS = 2048;
    private static final int ENABLE = 1 << 15;
    private static final int FUNCTION_MASK = 1 << 14;
    private static final int ENTRY = 16;
    private static final int CONTROL = 12;

    private final ConfigSpace config;
    private final PciDma bus;
    private final int base;
    private final int vectors;
    private final byte[] table;
    private final byte[] pending;
    private final long tableOffset;
    private final long pendingOffset;
    private Runnable listener = () -> {};
    private IntConsumer used = vector -> {};
    private boolean wasEnabled;

    Msix(ConfigSpace config, PciDma bus, int base, MsixPlace place) {
        this.config = config;
        this.bus = bus;
        this.base = base;
        this.vectors = place.vectors();
        this.tableOffset = place.tableOffset();
        this.pendingOffset = place.pendingOffset();
        this.table = new byte[vectors * ENTRY];
        this.pending = new byte[(vectors + 63) / 64 * 8];
        config.define(base + 2, 2, vectors - 1, ENABLE | FUNCTION_MASK, 0);
        config.define(base + 4, 4, (int) tableOffset | place.bar(), 0, 0);
        config.define(base + 8, 4, (int) pendingOffset | place.bar(), 0, 0);
        reset();
    }

    /// Where table and pending bits lie; offsets in the BAR, multiples of 8.
    record MsixPlace(int vectors, int bar, long tableOffset, long pendingOffset) {
        MsixPlace {
            if (vectors < 1 || vectors > MAX_VECTORS || ((tableOffset | pendingOffset) & 7) != 0) {
                throw new IllegalArgumentException("bad MSI-X layout: " + vectors + " vectors");
            }
        }

        private long tableEnd() {
            return tableOffset + (long) vectors * ENTRY;
        }

        private long pendingEnd() {
            return pendingOffset + (vectors + 63) / 64 * 8L;
        }

        long end() {
            return Math.max(tableEnd(), pendingEnd());
        }

        /// Nobody reaches table or pending bits past the function.
        Bar cutFrom(Bar bar) {
            return bar.withoutMemory(tableOffset, tableEnd() - 1).withoutMemory(pendingOffset, pendingEnd() - 1);
        }
    }

    void reset() {
        java.util.Arrays.fill(table, (byte) 0);
        java.util.Arrays.fill(pending, (byte) 0);
        for (int vector = 0; vector < vectors; vector++) {
            table[vector * ENTRY + CONTROL] = 1;
        }
    }

    int first() {
        return base;
    }

    int last() {
        return base + LENGTH - 1;
    }

    public int vectors() {
        return vectors;
    }

    public boolean enabled() {
        return (config.get16(base + 2) & ENABLE) != 0;
    }

    /// Told, inside the strand, each time the guest turns MSI-X on or off.
    public void onEnableChange(Runnable changed) {
        listener = changed;
    }

    /// Told, inside the strand, of a vector that the guest has unmasked, or written while it was not masked: by its
    /// entry, or by the mask of all of them.
    public void onUse(IntConsumer used) {
        this.used = used;
    }

    /// Whether a message of `vector` would leave now.
    public boolean isOpen(int vector) {
        return enabled() && vector >= 0 && vector < vectors && !masked(vector);
    }

    /// Sends the message of `vector`, or leaves it pending while it is masked; nothing happens while MSI-X is off.
    public void notify(int vector) {
        if (!enabled() || vector < 0 || vector >= vectors) {
            return;
        }
        if (masked(vector)) {
            pending[vector >> 3] |= (byte) (1 << (vector & 7));
        } else {
            send(vector);
        }
    }

    private boolean masked(int vector) {
        return (config.get16(base + 2) & FUNCTION_MASK) != 0 || (table[vector * ENTRY + CONTROL] & 1) != 0;
    }

    private void send(int vector) {
        bus.message(LittleEndian.get(table, vector * ENTRY, 8), (int) LittleEndian.get(table, vector * ENTRY + 8, 4));
    }

    void settle() {
        if (enabled() != wasEnabled) {
            wasEnabled = enabled();
            listener.run();
        }
        for (int vector = 0; vector < vectors; vector++) {
            settle(vector);
        }
    }

    private void settle(int vector) {
        if (isOpen(vector)) {
            used.accept(vector);
        }
        if (enabled() && (pending[vector >> 3] >> (vector & 7) & 1) != 0 && !masked(vector)) {
            pending[vector >> 3] &= (byte) ~(1 << (vector & 7));
            send(vector);
        }
    }

    /// The BAR as the guest sees it: table and pending bits over `device`.
    BusDevice over(BusDevice device) {
        return new Overlay(device);
    }

    private final class Overlay implements BusDevice {
        private final BusDevice device;

        Overlay(BusDevice device) {
            this.device = device;
        }

        @Override
        public long read(long offset, int size) {
            if (within(offset, size, tableOffset, table.length)) {
                return LittleEndian.get(table, (int) (offset - tableOffset), size);
            }
            if (within(offset, size, pendingOffset, pending.length)) {
                return LittleEndian.get(pending, (int) (offset - pendingOffset), size);
            }
            return device.read(offset, size);
        }

        @Override
        public void write(long offset, int size, long value) {
            if (within(offset, size, tableOffset, table.length)) {
                int at = (int) (offset - tableOffset);
                LittleEndian.put(table, at, size, value);
                settle(at / ENTRY);
                settle((at + size - 1) / ENTRY);
            } else if (!within(offset, size, pendingOffset, pending.length)) {
                device.write(offset, size, value);
            }
        }

        @Override
        public boolean startsWork(long offset) {
            return device.startsWork(offset);
        }

        @Override
        public void writeBurst(long offset, long[] data) {
            if (within(offset, 1, tableOffset, table.length) || within(offset, 1, pendingOffset, pending.length)) {
                BusDevice.super.writeBurst(offset, data);
            } else {
                device.writeBurst(offset, data);
            }
        }

        @Override
        public boolean deferrableWrite(long offset, long[] data) {
            return device.deferrableWrite(offset, data);
        }

        private static boolean within(long offset, int size, long first, int length) {
            return offset >= first && offset + size <= first + length;
        }
    }
}
