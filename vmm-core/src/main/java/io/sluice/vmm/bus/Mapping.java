package io.sluice.vmm.bus;

import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.memory.GuestRam;
import org.jspecify.annotations.Nullable;

/// One range of an address space, `first..last`, and what answers there.
public sealed interface Mapping {
    long first();

    long last();

    /// RAM (or ROM, which drops writes). `offset` is where `first` lies in the RAM's file.
    record Ram(long first, long last, GuestRam ram, long offset, boolean writable) implements Mapping {
        /// Host address of `address`, which lies in this range.
        public long host(long address) {
            return ram.base() + offset + (address - first);
        }
    }

    /// A device; `offset` is what the device sees for `first`. `deferred` sends its posted writes to the loop always:
    /// for doorbells, which start work.
    record Device(long first, long last, BusDevice device, Strand strand, long offset, boolean deferred)
            implements Mapping {}

    /// Nobody: reads are all ones, writes are dropped.
    record Nothing(long first, long last) implements Mapping {}

    /// The RAM behind this mapping, if it is RAM.
    default @Nullable Ram asRam() {
        return this instanceof Ram ram ? ram : null;
    }
}
