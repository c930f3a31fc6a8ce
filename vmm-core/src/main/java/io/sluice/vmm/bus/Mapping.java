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

    /// The part `first..last` of this mapping, which it contains.
    default Mapping cut(long first, long last) {
        return switch (this) {
            case Ram ram -> new Ram(first, last, ram.ram, ram.offset + (first - ram.first), ram.writable);
            case Device device ->
                new Device(
                        first,
                        last,
                        device.device,
                        device.strand,
                        device.offset + (first - device.first),
                        device.deferred);
            case Nothing nothing -> new Nothing(first, last);
        };
    }

    /// The RAM behind this mapping, if it is RAM.
    default @Nullable Ram asRam() {
        return this instanceof Ram ram ? ram : null;
    }
}
