package io.sluice.vmm.bus;

import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.memory.GuestRam;
import io.sluice.vmm.memory.HostMemory;
import io.sluice.vmm.trace.Item;
import io.sluice.vmm.trace.Trace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;

/// A physical address space (guest memory or I/O ports): ranges without overlap, and the transactions on them.
///
/// Ranges that the board fixes ([#add]) may not overlap. Ranges that the guest places ([#swap]: BARs) may lie anywhere:
/// they answer only where nothing fixed and no earlier placed range does.
///
/// The map is an immutable sorted array that a change replaces, so a lookup needs no lock. Every transaction
/// sees a change once the changing call has returned. [#onChange] listeners ask each vCPU to drop host addresses of RAM
/// that it cached; it does so before its next block, and the call does not wait for that. Who gives memory back waits.
/// Addresses are bare longs here and compared unsigned: this is the hot path (docs/adr/0002).
public final class AddressSpace {
    private final String name;
    private final long last;
    private final LongAdder unclaimed = new LongAdder();
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private final List<Mapping> fixed = new ArrayList<>();
    private final List<Mapping> placed = new ArrayList<>();
    private final Mapping beyond;
    private Trace trace = Trace.none();
    private volatile Ranges map;
    /// Changed by whoever holds this object's lock.
    private volatile int version;

    /// All of the space, in order.
    ///
    /// @param firsts where each range begins: a search asks no object
    private record Ranges(long[] firsts, Mapping[] mappings) {
        static Ranges of(List<? extends Mapping> all) {
            return new Ranges(all.stream().mapToLong(Mapping::first).toArray(), all.toArray(Mapping[]::new));
        }
    }

    /// @param last highest address, inclusive
    public AddressSpace(String name, long last) {
        this.name = name;
        this.last = last;
        this.beyond = new Mapping.Nothing(last + 1, -1L);
        this.map = Ranges.of(List.of(new Mapping.Nothing(0, last)));
    }

    public long lastAddress() {
        return last;
    }

    /// Accesses that nobody claimed, since the start.
    public long unclaimed() {
        return unclaimed.sum();
    }

    /// Accesses that nobody claims are told to `trace` from now on. Before the space is used.
    public void trace(Trace log) {
        trace = log;
    }

    /// Told after each change, on the changing thread.
    public void onChange(Runnable listener) {
        listeners.add(listener);
    }

    /// All ranges that something answers, in order.
    public List<Mapping> mappings() {
        return Arrays.stream(map.mappings)
                .filter(m -> !(m instanceof Mapping.Nothing))
                .toList();
    }

    public Mapping mapRam(long first, long length, GuestRam ram, long offset, boolean writable) {
        return add(new Mapping.Ram(first, first + length - 1, ram, offset, writable));
    }

    /// Maps a device whose posted writes only store state, so an idle strand takes them at once.
    public Mapping mapDevice(long first, long length, BusDevice device, Strand strand) {
        return add(new Mapping.Device(first, first + length - 1, device, strand, 0, false));
    }

    /// Adds a range.
    ///
    /// @throws BusException if the range is empty, leaves the space or overlaps another
    public synchronized Mapping add(Mapping mapping) {
        if (Long.compareUnsigned(mapping.first(), mapping.last()) > 0
                || Long.compareUnsigned(mapping.last(), last) > 0) {
            throw new BusException(name + ": bad range " + text(mapping));
        }
        for (var old : fixed) {
            if (Long.compareUnsigned(old.first(), mapping.last()) <= 0
                    && Long.compareUnsigned(mapping.first(), old.last()) <= 0) {
                throw new BusException(name + ": " + text(mapping) + " overlaps " + text(old));
            }
        }
        fixed.add(mapping);
        publish();
        return mapping;
    }

    /// Removes a range; when this returns no new transaction reaches it. A vCPU that cached the host address of RAM
    /// drops it before its next block, which this does not wait for. Unknown mappings are ignored.
    public synchronized void remove(Mapping mapping) {
        if (fixed.remove(mapping)) {
            publish();
        }
    }

    /// Replaces placed ranges in one step: no access sees a state between. What leaves the space is left out.
    public synchronized void swap(List<? extends Mapping> out, List<? extends Mapping> in) {
        if (out.isEmpty() && in.isEmpty()) {
            return;
        }
        placed.removeAll(out);
        for (var mapping : in) {
            if (Long.compareUnsigned(mapping.first(), mapping.last()) <= 0
                    && Long.compareUnsigned(mapping.last(), last) <= 0) {
                placed.add(mapping);
            }
        }
        publish();
    }

    private void publish() {
        var ranges = new ArrayList<>(fixed);
        for (var mapping : placed) {
            ranges.addAll(visible(mapping, ranges));
        }
        publish(ranges);
    }

    /// The pieces of `mapping` that none of `above` hides.
    private static List<Mapping> visible(Mapping mapping, List<Mapping> above) {
        List<Mapping> pieces = List.of(mapping);
        for (var other : above) {
            var rest = new ArrayList<Mapping>();
            for (var piece : pieces) {
                if (Long.compareUnsigned(other.last(), piece.first()) < 0
                        || Long.compareUnsigned(piece.last(), other.first()) < 0) {
                    rest.add(piece);
                    continue;
                }
                if (Long.compareUnsigned(piece.first(), other.first()) < 0) {
                    rest.add(piece.cut(piece.first(), other.first() - 1));
                }
                if (Long.compareUnsigned(other.last(), piece.last()) < 0) {
                    rest.add(piece.cut(other.last() + 1, piece.last()));
                }
            }
            pieces = rest;
        }
        return pieces;
    }

    private void publish(List<Mapping> ranges) {
        ranges.sort(Comparator.comparing(Mapping::first, Long::compareUnsigned));
        var full = new ArrayList<Mapping>();
        long next = 0;
        boolean open = true;
        for (var range : ranges) {
            if (range.first() != next) {
                full.add(new Mapping.Nothing(next, range.first() - 1));
            }
            full.add(range);
            open = range.last() != last;
            next = range.last() + 1;
        }
        if (open) {
            full.add(new Mapping.Nothing(next, last));
        }
        map = Ranges.of(full);
        version = version + 1;
        listeners.forEach(Runnable::run);
    }

    /// Another number after each change of the map.
    int version() {
        return version;
    }

    /// What answers at `address`; never null. Beyond the space nothing answers.
    public Mapping find(long address) {
        if (Long.compareUnsigned(address, last) > 0) {
            return beyond;
        }
        var ranges = map;
        long[] firsts = ranges.firsts;
        int low = 0;
        int high = firsts.length - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (Long.compareUnsigned(firsts[middle], address) <= 0) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return ranges.mappings[low];
    }

    /// A read of 1, 2, 4 or 8 bytes. The access lies in one range wholly, or nobody claims it.
    /// From a thread that is in no strand and on no loop: it may wait for a busy device.
    public long read(long address, int size) {
        var target = find(address);
        if (Long.compareUnsigned(address + size - 1, target.last()) > 0) {
            return unclaimedRead(address, size);
        }
        return switch (target) {
            case Mapping.Ram ram -> HostMemory.get(ram.host(address), size);
            case Mapping.Device device -> Transactions.read(device, address, size);
            case Mapping.Nothing nothing -> unclaimedRead(address, size);
        };
    }

    /// A posted write of 1, 2, 4 or 8 bytes; same threads as [#read].
    public void write(long address, int size, long value) {
        var target = find(address);
        if (Long.compareUnsigned(address + size - 1, target.last()) > 0) {
            unclaimedWrite(address, size);
            return;
        }
        switch (target) {
            case Mapping.Ram ram -> writeRam(ram, address, size, value);
            case Mapping.Device device -> Transactions.write(device, address, size, value);
            case Mapping.Nothing nothing -> unclaimedWrite(address, size);
        }
    }

    /// A 64-byte posted write to a 64-byte aligned address (MOVDIR64B).
    public void writeBurst(long address, long[] data) {
        switch (find(address)) {
            case Mapping.Ram ram -> {
                for (int i = 0; i < data.length; i++) {
                    writeRam(ram, address + 8L * i, 8, data[i]);
                }
            }
            case Mapping.Device device -> Transactions.writeBurst(device, address, data);
            case Mapping.Nothing nothing -> unclaimedWrite(address, 8 * data.length);
        }
    }

    /// A 64-byte deferrable write to a 64-byte aligned address: `true` if a device accepted it. RAM takes none.
    public boolean deferrableWrite(long address, long[] data) {
        return find(address) instanceof Mapping.Device device && Transactions.deferrableWrite(device, address, data);
    }

    /// Copies RAM into `target`; parts that are not RAM read as all ones. Any thread.
    ///
    /// @return whether all of it was RAM
    public boolean dmaRead(long address, byte[] target, int offset, int length) {
        boolean whole = true;
        int done = 0;
        while (done < length) {
            var range = find(address + done);
            int chunk = (int) Math.min(
                    length - done,
                    range.last() - (address + done) + 1 < 0 ? Long.MAX_VALUE : range.last() - (address + done) + 1);
            if (range instanceof Mapping.Ram ram) {
                HostMemory.copy(ram.host(address + done), target, offset + done, chunk);
            } else {
                Arrays.fill(target, offset + done, offset + done + chunk, (byte) -1);
                whole = false;
            }
            done += chunk;
        }
        return whole;
    }

    /// Copies into RAM; parts that are not writable RAM are dropped. Any thread.
    ///
    /// @return whether all of it was writable RAM
    public boolean dmaWrite(long address, byte[] source, int offset, int length) {
        boolean whole = true;
        int done = 0;
        while (done < length) {
            var range = find(address + done);
            int chunk = (int) Math.min(
                    length - done,
                    range.last() - (address + done) + 1 < 0 ? Long.MAX_VALUE : range.last() - (address + done) + 1);
            if (range instanceof Mapping.Ram ram && ram.writable()) {
                ram.ram().write(ram.offset() + (address + done - ram.first()), source, offset + done, chunk);
            } else {
                whole = false;
            }
            done += chunk;
        }
        return whole;
    }

    /// Shows the RAM behind `length` bytes to `visitor`, in order, up to the first byte that is none. Any thread. Who
    /// writes there reports it to the RAM's watch.
    ///
    /// @param writing whether it has to be writable
    /// @return whether all of it was RAM
    public boolean visitRam(long address, int length, boolean writing, RamVisitor visitor) {
        int done = 0;
        while (done < length) {
            if (!(find(address + done) instanceof Mapping.Ram ram) || writing && !ram.writable()) {
                return false;
            }
            long left = ram.last() - (address + done);
            int chunk = left >= 0 && left < length - done ? (int) left + 1 : length - done;
            visitor.ram(ram.ram(), ram.offset() + (address + done - ram.first()), ram.host(address + done), chunk);
            done += chunk;
        }
        return true;
    }

    private long unclaimedRead(long address, int size) {
        unclaimed.increment();
        tellUnclaimed("read", address, size);
        return size == 8 ? -1L : (1L << 8 * size) - 1;
    }

    private void unclaimedWrite(long address, int size) {
        unclaimed.increment();
        tellUnclaimed("write", address, size);
    }

    private void tellUnclaimed(String what, long address, int size) {
        if (trace.on(Item.GUEST_ERRORS)) {
            trace.line(
                    Item.GUEST_ERRORS,
                    String.format(
                            "Invalid %s at addr 0x%X, size %d, of %s: nothing is there", what, address, size, name));
        }
    }

    private static void writeRam(Mapping.Ram ram, long address, int size, long value) {
        if (!ram.writable()) {
            return;
        }
        HostMemory.put(ram.host(address), size, value);
        ram.ram().watch().written(ram.offset() + (address - ram.first()), size);
    }

    private static String text(Mapping mapping) {
        return "0x" + Long.toHexString(mapping.first()) + "..0x" + Long.toHexString(mapping.last());
    }
}
