package io.sluice.vfio.vfio.pci;

import io.sluice.vmm.pci.Bar;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The BARs of a function by index: what is there, how large, and what their registers hold besides an address.
final class BarPlan {
    private static final int ENABLE_ROM = 1;

    private final @Nullable Bar[] bars = new Bar[6];
    private final int[] masks = new int[6];
    private final int[] flags = new int[6];
    private final long romSize;

    /// @param romSize of the ROM that the user is shown; a power of two, 0 for none
    BarPlan(List<Bar> all, long romSize) {
        this.romSize = romSize;
        for (var bar : all) {
            int index = bar.index();
            bars[index] = bar;
            masks[index] = (int) -bar.size();
            flags[index] = switch (bar.kind()) {
                case IO -> 1;
                case MEMORY32 -> bar.prefetchable() ? 8 : 0;
                case MEMORY64 -> bar.prefetchable() ? 0xC : 4;
            };
            if (bar.kind() == Bar.Kind.MEMORY64) {
                masks[index + 1] = (int) (-bar.size() >> 32);
            }
        }
    }

    /// The BAR with this index; null if there is none, or it is the upper half of one.
    @Nullable
    Bar at(int index) {
        return index >= 0 && index < bars.length ? bars[index] : null;
    }

    long size(int index) {
        var bar = at(index);
        return bar == null ? 0 : bar.size();
    }

    /// Address bits that a register of the user keeps.
    int mask(int index) {
        return masks[index];
    }

    /// Bits that are fixed.
    int flags(int index) {
        return flags[index];
    }

    int romMask() {
        return romSize == 0 ? 0 : (int) -romSize | ENABLE_ROM;
    }
}
