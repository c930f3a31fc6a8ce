package io.sluice.vmm.pci;

import io.sluice.vmm.bus.Mapping;
import java.util.ArrayList;
import java.util.List;

/// What a bridge forwards downstream, as its registers say at one moment.
///
/// @param open whether what is behind the bridge can be reached at all
/// @param isaEnable whether the upper 768 bytes of each KiB of the first 64 KiB of ports stay upstream
record BridgeRouting(
        int secondary, int subordinate, boolean open, List<Range> memory, List<Range> io, boolean isaEnable) {
    private static final int ISA_BLOCK = 0x400;
    private static final int ISA_PART = 0x100;

    /// `first..last`, both inclusive, unsigned; empty if `last` is below `first`.
    record Range(long first, long last) {}

    static final BridgeRouting CLOSED = new BridgeRouting(0, 0, false, List.of(), List.of(), false);

    boolean forwards(int bus) {
        return secondary != 0 && bus >= secondary && bus <= subordinate;
    }

    List<Mapping> memoryThrough(List<Mapping> wishes) {
        return open ? cut(wishes, memory) : List.of();
    }

    List<Mapping> ioThrough(List<Mapping> wishes) {
        if (!open) {
            return List.of();
        }
        var inside = cut(wishes, io);
        return isaEnable ? withoutIsaAliases(inside) : inside;
    }

    private static List<Mapping> cut(List<Mapping> wishes, List<Range> windows) {
        if (wishes.isEmpty()) {
            return wishes;
        }
        var pieces = new ArrayList<Mapping>();
        for (var wish : wishes) {
            long next = wish.first();
            // The windows are sorted; where two overlap, the first one takes its part.
            for (var window : windows) {
                long first = max(next, window.first());
                long last = min(wish.last(), window.last());
                if (Long.compareUnsigned(first, last) <= 0) {
                    pieces.add(piece(wish, first, last));
                    next = last + 1;
                }
            }
        }
        return List.copyOf(pieces);
    }

    private static Mapping piece(Mapping of, long first, long last) {
        return first == of.first() && last == of.last() ? of : of.cut(first, last);
    }

    private static List<Mapping> withoutIsaAliases(List<Mapping> wishes) {
        var pieces = new ArrayList<Mapping>();
        for (var wish : wishes) {
            for (long block = wish.first() & -ISA_BLOCK; block <= wish.last(); block += ISA_BLOCK) {
                long first = Math.max(block, wish.first());
                long last = Math.min(block + ISA_PART - 1, wish.last());
                if (first <= last) {
                    pieces.add(piece(wish, first, last));
                }
            }
        }
        return List.copyOf(pieces);
    }

    private static long max(long a, long b) {
        return Long.compareUnsigned(a, b) >= 0 ? a : b;
    }

    private static long min(long a, long b) {
        return Long.compareUnsigned(a, b) <= 0 ? a : b;
    }
}
