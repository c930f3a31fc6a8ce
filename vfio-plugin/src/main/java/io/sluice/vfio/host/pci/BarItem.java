package io.sluice.vfio.host.pci;

import io.sluice.vfio.host.pci.BusRoom.Space;
import io.sluice.vmm.pci.Bar;
import java.util.ArrayList;
import java.util.List;

/// A BAR that needs a place: a function's own, or one of its virtual functions'.
///
/// @param register where its address is written
record BarItem(HostFunction function, Space space, int register, boolean wide, long length, long alignment) {
    private static final int FIRST_BAR = 0x10;

    /// @param behindBridge whether a bridge's windows are between it and the root
    static List<BarItem> of(HostFunction function, boolean behindBridge) {
        List<BarItem> items = new ArrayList<>();
        if (function.isVirtual()) {
            return items;
        }
        for (var bar : function.pci().bars()) {
            items.add(new BarItem(
                    function,
                    space(bar.kind(), bar.prefetchable(), behindBridge),
                    FIRST_BAR + 4 * bar.index(),
                    bar.kind() == Bar.Kind.MEMORY64,
                    bar.size(),
                    bar.size()));
        }
        var sriov = function.pci().extensions().sriov();
        if (sriov != null) {
            for (var bar : sriov.settings().bars()) {
                long each = sriov.aperture(bar);
                items.add(new BarItem(
                        function,
                        space(bar.kind(), bar.prefetchable(), behindBridge),
                        sriov.base() + io.sluice.vmm.pci.Sriov.FIRST_BAR + 4 * bar.index(),
                        bar.kind() == Bar.Kind.MEMORY64,
                        each * sriov.settings().total(),
                        each));
            }
        }
        return items;
    }

    /// A bridge's window that is not prefetchable has 32 bits, and what has 32 bits fits in no other.
    private static Space space(Bar.Kind kind, boolean prefetchable, boolean behindBridge) {
        return switch (kind) {
            case IO -> Space.IO;
            case MEMORY32 -> Space.MEMORY;
            case MEMORY64 -> prefetchable || !behindBridge ? Space.PREFETCHABLE : Space.MEMORY;
        };
    }

    void place(long at) {
        function.configWrite(register, 4, (int) at);
        if (wide) {
            function.configWrite(register + 4, 4, (int) (at >> 32));
        }
    }

    /// Where it has been placed.
    long placed() {
        long low = function.configRead(register, 4) & (space == Space.IO ? 0xFFFF_FFFCL : 0xFFFF_FFF0L);
        return wide ? (long) function.configRead(register + 4, 4) << 32 | low : low;
    }
}
