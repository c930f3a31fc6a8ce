package io.sluice.vfio.host.pci;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.iommu.IommuGroup;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;

/// Resets, as the host's kernel does them: the groups are blocked while it lasts, so that nothing that a device does in
/// its confusion gets anywhere; configuration comes back as it was; then what was attached is in force again.
///
/// From threads that are in no strand.
public final class HostResets {
    private static final int DEVICE_CAPABILITIES = 4;
    private static final int DEVICE_CONTROL = 8;
    private static final int FUNCTION_LEVEL_RESET = 1 << 28;
    private static final int INITIATE = 1 << 15;
    private static final int BRIDGE_CONTROL = 0x3E;
    private static final int SECONDARY_RESET = 1 << 6;

    private final Steps steps;

    HostResets(Steps steps) {
        this.steps = steps;
    }

    /// How a function can be reset without anybody else.
    public enum Method {
        /// It knows how.
        FUNCTION_LEVEL,
        /// By the bus behind the bridge above, where it is alone.
        BUS,
        NONE
    }

    public Method method(HostFunction function) {
        int express = Capabilities.find(function, Capabilities.EXPRESS);
        if (express != 0 && (function.configRead(express + DEVICE_CAPABILITIES, 4) & FUNCTION_LEVEL_RESET) != 0) {
            return Method.FUNCTION_LEVEL;
        }
        boolean alone = function.bus().functions().length == 1;
        return canResetBus(function) && alone && function.bridge() == null && !function.isVirtual()
                ? Method.BUS
                : Method.NONE;
    }

    /// Resets one function.
    ///
    /// @throws HostException ENOTTY if it cannot be reset without others; EBUSY if its group is being reset
    public void reset(HostFunction function) {
        var method = method(function);
        if (method == Method.NONE) {
            throw new HostException(Errno.ENOTTY, function + " cannot be reset alone");
        }
        staged(List.of(function), () -> {
            if (method == Method.BUS) {
                pulse(function);
            } else {
                int express = Capabilities.find(function, Capabilities.EXPRESS);
                int control = function.configRead(express + DEVICE_CONTROL, 2);
                function.configWrite(express + DEVICE_CONTROL, 2, control | INITIATE);
            }
        });
    }

    private static boolean canResetBus(HostFunction function) {
        return function.above() != null;
    }

    /// Everything that a reset of the function's slot or bus resets: all on its bus and behind that, virtual functions
    /// too.
    ///
    /// @throws HostException ENODEV if its bus cannot be reset, as the root bus
    public List<HostFunction> resetTogether(HostFunction function) {
        if (!canResetBus(function)) {
            throw new HostException(Errno.ENODEV, function + " is in no slot and behind no bridge");
        }
        var all = new ArrayList<HostFunction>();
        collect(function.bus(), all);
        return all;
    }

    private static void collect(HostBus bus, List<HostFunction> all) {
        for (var function : bus.functions()) {
            all.add(function);
            var below = function.belowBus();
            if (below != null) {
                collect(below, all);
            }
        }
    }

    /// What tells those apart that are reset together: one object for each bus, and each function that has none to be
    /// reset with.
    public Object deviceSet(HostFunction function) {
        return canResetBus(function) ? function.bus() : function;
    }

    /// Resets everything on the function's bus and behind it.
    ///
    /// @throws HostException ENODEV if the bus cannot be reset; EBUSY if one of the groups is being reset
    public void resetBus(HostFunction function) {
        staged(resetTogether(function), () -> pulse(function));
    }

    private static void pulse(HostFunction function) {
        var bridge = function.above();
        if (bridge == null) {
            throw new IllegalStateException(function + " is behind no bridge");
        }
        int control = bridge.configRead(BRIDGE_CONTROL, 2);
        bridge.configWrite(BRIDGE_CONTROL, 2, control | SECONDARY_RESET);
        bridge.configWrite(BRIDGE_CONTROL, 2, control & ~SECONDARY_RESET);
        // Each function resets itself on its strand; what comes behind that finds it done.
        var all = new ArrayList<HostFunction>();
        collect(function.bus(), all);
        all.forEach(each -> each.pci().strand().call(() -> {}));
    }

    private void staged(List<HostFunction> functions, Runnable reset) {
        var withVfs = new ArrayList<>(functions);
        functions.forEach(function -> function.virtuals().stream()
                .filter(vf -> !functions.contains(vf))
                .forEach(withVfs::add));
        var groups = new LinkedHashSet<IommuGroup>();
        withVfs.forEach(function -> groups.add(function.group()));
        var staged = new ArrayList<IommuGroup>();
        try {
            for (var group : groups) {
                steps.pass("host.pci.reset.stage");
                group.stageReset();
                staged.add(group);
            }
            steps.pass("host.pci.reset.state");
            var saved = withVfs.stream().map(SavedState::new).toList();
            reset.run();
            saved.forEach(SavedState::restore);
        } finally {
            staged.forEach(IommuGroup::endReset);
        }
    }
}
