package io.sluice.vfio.host.pci;

import io.sluice.vmm.pci.BridgeKind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One bus of the host, and what room there is on it. Its functions are changed by whoever holds the hierarchy, and
/// read by any thread.
final class HostBus {
    private final @Nullable HostFunction bridge;
    private final @Nullable BridgeKind kind;
    private volatile HostFunction[] functions = {};
    private volatile int number;
    private BusRoom room = BusRoom.NONE;

    /// @param bridge what leads here; null for the root bus
    HostBus(@Nullable HostFunction bridge, @Nullable BridgeKind kind) {
        this.bridge = bridge;
        this.kind = kind;
    }

    @Nullable
    HostFunction bridge() {
        return bridge;
    }

    int number() {
        return number;
    }

    void number(int assigned) {
        number = assigned;
    }

    BusRoom room() {
        return room;
    }

    void room(BusRoom assigned) {
        room = assigned;
    }

    /// Whether everybody here sees every request.
    boolean isConventional() {
        return kind != null && kind.leadsToConventional();
    }

    /// Whether it is the inside of a switch.
    boolean isSwitch() {
        return kind == BridgeKind.UPSTREAM_PORT;
    }

    /// In order of device and function number. Not to be changed.
    HostFunction[] functions() {
        return functions;
    }

    @Nullable
    HostFunction at(int devfn) {
        for (var function : functions) {
            if (function.devfn() == devfn) {
                return function;
            }
        }
        return null;
    }

    void add(HostFunction function) {
        List<HostFunction> all = new ArrayList<>(Arrays.asList(functions));
        all.add(function);
        all.sort(Comparator.comparingInt(HostFunction::devfn));
        settle(all);
    }

    void remove(HostFunction function) {
        List<HostFunction> all = new ArrayList<>(Arrays.asList(functions));
        all.remove(function);
        settle(all);
    }

    /// Functions of one slot know that they are several, and go on to when others leave.
    private void settle(List<HostFunction> all) {
        for (var function : all) {
            boolean others = all.stream().anyMatch(other -> other != function && function.sharesSlot(other));
            if (others || (function.devfn() & 7) != 0) {
                function.markSeveral();
            }
        }
        functions = all.toArray(HostFunction[]::new);
    }

    @Override
    public String toString() {
        return String.format("bus %02x", number);
    }
}
