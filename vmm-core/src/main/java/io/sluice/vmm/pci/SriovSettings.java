package io.sluice.vmm.pci;

import java.util.List;

/// What a physical function says of its virtual ones.
///
/// @param total how many there can be
/// @param firstOffset from the physical function's requester id to the first virtual one's
/// @param stride from one virtual function's requester id to the next one's
/// @param device their device id
public record SriovSettings(int total, int firstOffset, int stride, int device, List<VfBar> bars) {
    public SriovSettings {
        bars = List.copyOf(bars);
        if (total < 1 || total > 255 || firstOffset < 1 || stride < 1 || device < 0 || device > 0xFFFF) {
            throw new IllegalArgumentException("no such virtual functions: " + total + " from +" + firstOffset);
        }
        int seen = 0;
        for (var bar : bars) {
            int slots = (bar.wide() ? 3 : 1) << bar.index();
            if ((seen & slots) != 0) {
                throw new IllegalArgumentException("VF BAR " + bar.index() + " is declared twice");
            }
            seen |= slots;
        }
    }
}
