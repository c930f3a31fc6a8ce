package io.sluice.vmm.pci;

import io.sluice.vmm.bus.Mapping;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/// One bus: 32 devices of 8 functions, and the bridges that lead on. Looked up by any thread.
final class PciBus {
    private static final int FUNCTIONS = 256;

    private final @Nullable PciBridge bridge;
    private final AtomicReferenceArray<@Nullable PciFunction> functions = new AtomicReferenceArray<>(FUNCTIONS);
    private final List<PciBridge> bridges = new CopyOnWriteArrayList<>();

    /// @param bridge what leads here; null for the root bus
    PciBus(@Nullable PciBridge bridge) {
        this.bridge = bridge;
    }

    @Nullable
    PciBridge bridge() {
        return bridge;
    }

    /// The number that the guest gave to this bus; 0 for the root.
    int number() {
        return bridge == null ? 0 : bridge.routing().secondary();
    }

    /// The function that a configuration request for (`bus`, `devfn`) reaches from here, by the bridges' bus numbers.
    @Nullable
    PciFunction find(int busNumber, int devfn) {
        var bus = this;
        while (bus != null && bus.number() != busNumber) {
            bus = bus.below(busNumber);
        }
        return bus == null || !bus.isOpen() ? null : bus.functions.get(devfn);
    }

    /// Whether requests reach this bus: the root bus always, any other while its link is up.
    private boolean isOpen() {
        return bridge == null || bridge.routing().open();
    }

    /// What of `wishes` the bridges above let through, the nearest one first.
    List<Mapping> memoryThrough(List<Mapping> wishes) {
        var rest = wishes;
        for (var bus = this; bus != null && bus.bridge != null && !rest.isEmpty(); bus = bus.above()) {
            rest = bus.bridge.routing().memoryThrough(rest);
        }
        return rest;
    }

    /// As [#memoryThrough], for ports.
    List<Mapping> ioThrough(List<Mapping> wishes) {
        var rest = wishes;
        for (var bus = this; bus != null && bus.bridge != null && !rest.isEmpty(); bus = bus.above()) {
            rest = bus.bridge.routing().ioThrough(rest);
        }
        return rest;
    }

    private @Nullable PciBus above() {
        var port = bridge == null ? null : bridge.function().port();
        return port == null ? null : port.bus();
    }

    /// Resets everything here and below, each function in its own strand; waits for none of them. From any strand.
    void resetBelow() {
        for (var function : functions()) {
            function.strand().post(function::reset);
        }
        bridges.forEach(lower -> lower.secondary().resetBelow());
    }

    private @Nullable PciBus below(int busNumber) {
        for (var candidate : bridges) {
            if (candidate.routing().forwards(busNumber)) {
                return candidate.secondary();
            }
        }
        return null;
    }

    @Nullable
    PciFunction at(int devfn) {
        return functions.get(devfn);
    }

    void put(int devfn, PciFunction function) {
        functions.set(devfn, function);
    }

    void clear(int devfn) {
        functions.set(devfn, null);
    }

    void put(PciBridge lower) {
        bridges.add(lower);
    }

    void clear(PciBridge lower) {
        bridges.remove(lower);
    }

    List<PciBridge> bridges() {
        return bridges;
    }

    /// All functions of this bus, in order.
    List<PciFunction> functions() {
        var all = new ArrayList<PciFunction>();
        for (int devfn = 0; devfn < FUNCTIONS; devfn++) {
            var function = functions.get(devfn);
            if (function != null) {
                all.add(function);
            }
        }
        return all;
    }
}
