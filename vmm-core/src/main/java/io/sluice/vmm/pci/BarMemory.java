package io.sluice.vmm.pci;

import io.sluice.vmm.memory.GuestRam;
import java.util.ArrayList;
import java.util.List;

/// Memory that shows in a BAR: whole pages. Whoever makes it keeps it until the function is off its bus.
///
/// @param offset in the BAR
/// @param ramOffset of the first byte in `ram`
public record BarMemory(long offset, long length, GuestRam ram, long ramOffset) {
    private static final long IN_PAGE = GuestRam.PAGE_SIZE - 1;

    public BarMemory {
        boolean inside = ramOffset >= 0 && length > 0 && ramOffset <= ram.size() - length;
        if (!inside || offset < 0 || ((offset | length | ramOffset) & IN_PAGE) != 0) {
            throw new IllegalArgumentException("memory of a BAR comes in whole pages of 4 KiB that are there");
        }
    }

    long end() {
        return offset + length;
    }

    /// What is left without the pages that hold `first..last` of the BAR.
    List<BarMemory> without(long first, long last) {
        long from = first & ~IN_PAGE;
        long to = (last | IN_PAGE) + 1;
        if (to <= offset || from >= end()) {
            return List.of(this);
        }
        var rest = new ArrayList<BarMemory>();
        if (from > offset) {
            rest.add(new BarMemory(offset, from - offset, ram, ramOffset));
        }
        if (to < end()) {
            rest.add(new BarMemory(to, end() - to, ram, ramOffset + (to - offset)));
        }
        return rest;
    }
}
