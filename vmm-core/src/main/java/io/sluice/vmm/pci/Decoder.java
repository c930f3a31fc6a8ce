package io.sluice.vmm.pci;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.bus.Mapping;
import java.util.ArrayList;
import java.util.List;

/// Makes the address spaces show what the functions decode and every bridge above them lets through.
///
/// A function and a bridge above it live in different strands and both change what answers, so this one place has a
/// lock. It is held for a change of the map and for nothing else; inside it no strand is entered. A change is in
/// force when the call returns.
final class Decoder {
    private final AddressSpace memory;
    private final AddressSpace io;

    Decoder(AddressSpace memory, AddressSpace io) {
        this.memory = memory;
        this.io = io;
    }

    /// What a function would answer if no bridge were above it.
    record Wish(List<Mapping> memory, List<Mapping> io) {
        static final Wish NOTHING = new Wish(List.of(), List.of());
    }

    /// What of one function's wish is in the maps. Belongs to the decoder.
    static final class Place {
        private Wish wish = Wish.NOTHING;
        private List<Mapping> memory = List.of();
        private List<Mapping> io = List.of();
    }

    synchronized void decode(PciFunction function, PciPort port, Wish wish) {
        port.place().wish = wish;
        var change = new Change();
        change.add(function, port);
        change.apply();
    }

    /// What lets transactions through to `bus` is another now.
    synchronized void settle(PciBus bus) {
        var change = new Change();
        change.addAll(bus);
        change.apply();
    }

    private final class Change {
        private final List<Mapping> memoryOut = new ArrayList<>();
        private final List<Mapping> memoryIn = new ArrayList<>();
        private final List<Mapping> ioOut = new ArrayList<>();
        private final List<Mapping> ioIn = new ArrayList<>();

        void addAll(PciBus bus) {
            for (var function : bus.functions()) {
                var port = function.port();
                if (port != null) {
                    add(function, port);
                }
            }
            bus.bridges().forEach(bridge -> addAll(bridge.secondary()));
        }

        void add(PciFunction function, PciPort port) {
            var place = port.place();
            var memoryNow = port.bus().memoryThrough(place.wish.memory);
            var ioNow = port.bus().ioThrough(place.wish.io);
            difference(place.memory, memoryNow, memoryOut, memoryIn);
            difference(place.io, ioNow, ioOut, ioIn);
            port.told().moved(port, function, place.memory, memoryNow);
            port.told().moved(port, function, place.io, ioNow);
            place.memory = memoryNow;
            place.io = ioNow;
        }

        private static void difference(List<Mapping> before, List<Mapping> after, List<Mapping> out, List<Mapping> in) {
            before.stream().filter(m -> !after.contains(m)).forEach(out::add);
            after.stream().filter(m -> !before.contains(m)).forEach(in::add);
        }

        void apply() {
            memory.swap(memoryOut, memoryIn);
            io.swap(ioOut, ioIn);
        }
    }
}
