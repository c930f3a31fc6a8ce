package io.sluice.vmm.pci;

import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.bus.Mapping;
import io.sluice.vmm.loop.Strand;
import java.util.ArrayList;
import java.util.List;

/// A base address register and what answers behind it: a device, and here and there memory.
///
/// @param index 0 to 5; a 64-bit BAR takes the next one too
/// @param size a power of two, 16 bytes or more for memory, 4 or more for I/O
/// @param device what answers where no memory is
/// @param deferred posted writes go to the strand's loop always: for doorbells
/// @param memory pieces that are memory, in order; who reaches them asks no device
public record Bar(
        int index,
        Kind kind,
        boolean prefetchable,
        long size,
        BusDevice device,
        boolean deferred,
        List<BarMemory> memory) {
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
        memory = List.copyOf(memory);
        long next = 0;
        for (var piece : memory) {
            if (kind == Kind.IO || piece.offset() < next || piece.end() > size) {
                throw new IllegalArgumentException("BAR " + index + " has no place for memory at " + piece.offset());
            }
            next = piece.end();
        }
    }

    /// Without memory.
    public Bar(int index, Kind kind, boolean prefetchable, long size, BusDevice device, boolean deferred) {
        this(index, kind, prefetchable, size, device, deferred, List.of());
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
        return new Bar(index, kind, prefetchable, size, other, deferred, memory);
    }

    /// The same BAR with no memory in the pages that hold `first..last`.
    Bar withoutMemory(long first, long last) {
        var rest = memory.stream()
                .flatMap(piece -> piece.without(first, last).stream())
                .toList();
        return new Bar(index, kind, prefetchable, size, device, deferred, rest);
    }

    /// What address spaces show for the BAR at `first`.
    ///
    /// @param gate what stands before the device
    List<Mapping> mappings(long first, BarGate gate, Strand strand) {
        var all = new ArrayList<Mapping>();
        long next = 0;
        for (var piece : memory) {
            if (piece.offset() > next) {
                all.add(trapped(first, next, piece.offset(), gate, strand));
            }
            all.add(new Mapping.Ram(
                    first + piece.offset(), first + piece.end() - 1, piece.ram(), piece.ramOffset(), true));
            next = piece.end();
        }
        if (next < size) {
            all.add(trapped(first, next, size, gate, strand));
        }
        return all;
    }

    private Mapping trapped(long first, long from, long end, BarGate gate, Strand strand) {
        return new Mapping.Device(first + from, first + end - 1, gate, strand, from, deferred);
    }

    /// Whether `mapped` shows memory of this BAR.
    boolean holds(Mapping.Ram mapped) {
        for (var piece : memory) {
            if (piece.ram() == mapped.ram()
                    && mapped.offset() >= piece.ramOffset()
                    && mapped.offset() < piece.ramOffset() + piece.length()) {
                return true;
            }
        }
        return false;
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
