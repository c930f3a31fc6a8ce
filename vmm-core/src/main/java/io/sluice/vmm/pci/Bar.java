package io.sluice.vmm.pci;

import io.sluice.vmm.bus.BusDevice;

/// A base address register and what answers behind it.
///
/// @param index 0 to 5; a 64-bit BAR takes the next one too
/// @param size a power of two, 16 bytes or more for memory, 4 or more for I/O
/// @param deferred posted writes go to the strand's loop always: for doorbells
public record Bar(int index, Kind kind, boolean prefetchable, long size, BusDevice device, boolean deferred) {
    /// The address space and width that a BAR decodes.
    public enum Kind {
        IO,
        MEMORY32,
        MEMORY64
    }

    public Bar {
        int slots = kind == Kind.MEMORY64 ? 2 : 1;
        if (index < 0 || index + slots > 6) {
            throw new IllegalArgumentException("no such BAR: " + index);
        }
        long least = kind == Kind.IO ? 4 : 16;
        long most = kind == Kind.MEMORY64 ? 1L << 46 : kind == Kind.MEMORY32 ? 1L << 31 : 256;
        if (Long.bitCount(size) != 1 || size < least || size > most) {
            throw new IllegalArgumentException("BAR " + index + " cannot have " + size + " bytes");
        }
    }

    static Bar io(int index, long size, BusDevice device) {
        return new Bar(index, Kind.IO, false, size, device, false);
    }

    static Bar memory(int index, long size, BusDevice device) {
        return new Bar(index, Kind.MEMORY32, false, size, device, false);
    }

    int offset() {
        return HeaderReg.FIRST_BAR + 4 * index;
    }

    boolean isIo() {
        return kind == Kind.IO;
    }

    Bar with(BusDevice other) {
        return new Bar(index, kind, prefetchable, size, other, deferred);
    }

    private int flags() {
        return switch (kind) {
            case IO -> 1;
            case MEMORY32 -> prefetchable ? 8 : 0;
            case MEMORY64 -> prefetchable ? 0xC : 4;
        };
    }

    void define(ConfigSpace config) {
        config.define(offset(), 4, flags(), (int) -size, 0);
        if (kind == Kind.MEMORY64) {
            config.define(offset() + 4, 4, 0, (int) (-size >> 32), 0);
        }
    }

    /// The address that the guest has set.
    long address(ConfigSpace config) {
        long low = config.get32(offset()) & 0xFFFF_FFFFL;
        long all = kind == Kind.MEMORY64 ? (long) config.get32(offset() + 4) << 32 | low : low;
        return all & -size;
    }

    /// Whether `address` is a place at all: not nought, and not the all-ones pattern that sizing leaves.
    boolean isPlace(long address) {
        long last = address + size - 1;
        return address != 0
                && switch (kind) {
                    case IO -> last < 0xFFFF;
                    case MEMORY32 -> last < 0xFFFF_FFFFL;
                    case MEMORY64 -> last > 0;
                };
    }
}
