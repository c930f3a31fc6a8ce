package io.sluice.vfio.host.pci;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vmm.address.Bdf;
import io.sluice.vmm.irq.IrqLine;
import io.sluice.vmm.irq.MsiTarget;
import io.sluice.vmm.pci.PciFunction;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// The interrupts of the host: its remapping table (VT-d 4.1 section 5.1), from which drivers take vectors for their
/// functions, and the wires of INTx pins.
///
/// A message is the write of a handle into the interrupt window. With remapping, an entry takes messages of one
/// requester id only: what a function sends to a vector that is not its own goes nowhere and is counted. Without it,
/// who knows the handle has the interrupt.
///
/// Messages come on any strand and take no lock. A handler runs where the message comes from, on the strand of its
/// function unless somebody else's message got through; it must not block.
public final class HostInterrupts implements MsiTarget {
    /// Entries of the largest table.
    public static final int MOST_VECTORS = 1 << 16;

    private static final long WINDOW = 0xFEE0_0000L;
    private static final long WINDOW_MASK = 0xFFFF_FFFF_FFF0_0000L;
    private static final int REMAPPABLE = 1 << 4;
    private static final int SUBHANDLE_VALID = 1 << 3;
    private static final int HANDLE_SHIFT = 5;
    private static final int LOW_HANDLE = (1 << 15) - 1;

    private record Entry(Bdf source, int number, IntConsumer handler) {}

    private final AtomicReferenceArray<@Nullable Entry> table;
    private final boolean remapping;
    private final Steps steps;
    private final Map<PciFunction, Wire> wires = new ConcurrentHashMap<>();
    private final LongAdder taken = new LongAdder();
    private final LongAdder refused = new LongAdder();

    /// @param vectors how many entries the table has, [#MOST_VECTORS] at most
    /// @param remapping whether an entry is one requester id's
    public HostInterrupts(int vectors, boolean remapping, Steps steps) {
        if (vectors < 1 || vectors > MOST_VECTORS) {
            throw new IllegalArgumentException("no such table of interrupts: " + vectors);
        }
        this.table = new AtomicReferenceArray<>(vectors);
        this.remapping = remapping;
        this.steps = steps;
    }

    /// Whether a function's messages reach its own vectors only.
    public boolean isRemapping() {
        return remapping;
    }

    /// Messages that reached a handler.
    public long taken() {
        return taken.sum();
    }

    /// Messages that went nowhere: to an entry that is free or another's, or no message at all.
    public long refused() {
        return refused.sum();
    }

    // ---- vectors

    /// Vectors that follow one another, for one function. Freed by whoever took them.
    public final class Vectors {
        private final int first;
        private final int count;

        private Vectors(int first, int count) {
            this.first = first;
            this.count = count;
        }

        public int count() {
            return count;
        }

        /// What the function writes to, for all of them.
        public long address() {
            return WINDOW
                    | (long) (first & LOW_HANDLE) << HANDLE_SHIFT
                    | REMAPPABLE
                    | SUBHANDLE_VALID
                    | first >> 15 << 2;
        }

        /// What the function writes for a vector.
        public int data(int vector) {
            return vector;
        }

        /// Messages to them go nowhere from now on. On the function's strand no handler starts after this.
        public void free() {
            for (int i = 0; i < count; i++) {
                table.set(first + i, null);
            }
        }
    }

    /// Takes `count` vectors that follow one another.
    ///
    /// @param source whose messages they take
    /// @param handler told which of them, from 0
    /// @throws HostException ENOSPC if there are not so many together; its count says how many there are
    public synchronized Vectors allocate(Bdf source, int count, IntConsumer handler) {
        steps.pass("irq.allocate.entries");
        int best = 0;
        int run = 0;
        for (int i = 0; i < table.length() && run < count; i++) {
            run = table.get(i) == null ? run + 1 : 0;
            best = Math.max(best, run);
            if (run == count) {
                return take(i - count + 1, source, count, handler);
            }
        }
        throw new HostException(Errno.ENOSPC, "the host has no " + count + " vectors for " + source, best);
    }

    private Vectors take(int first, Bdf source, int count, IntConsumer handler) {
        for (int i = 0; i < count; i++) {
            table.set(first + i, new Entry(source, i, handler));
        }
        return new Vectors(first, count);
    }

    /// How many entries are free.
    public int free() {
        int free = 0;
        for (int i = 0; i < table.length(); i++) {
            free += table.get(i) == null ? 1 : 0;
        }
        return free;
    }

    // ---- messages

    /// Where the messages of a function go.
    public MsiTarget from(PciFunction function) {
        return (address, data) -> {
            var source = function.requester();
            if (source == null) {
                refused.increment();
            } else {
                write(source, address, data);
            }
        };
    }

    /// A message of nobody that the host knows.
    @Override
    public void write(long address, int data) {
        if (remapping) {
            refused.increment();
        } else {
            deliver(null, address, data);
        }
    }

    /// A message of a function, or a write of four bytes that a function made into the interrupt window.
    public void write(Bdf source, long address, int data) {
        deliver(source, address, data);
    }

    private void deliver(@Nullable Bdf source, long address, int data) {
        if ((address & WINDOW_MASK) == WINDOW && (address & REMAPPABLE) != 0) {
            int handle = (int) (address >> HANDLE_SHIFT) & LOW_HANDLE | (int) (address >> 2 & 1) << 15;
            int index = (address & SUBHANDLE_VALID) != 0 ? handle + (data & 0xFFFF) : handle;
            var entry = index < table.length() ? table.get(index) : null;
            if (entry != null && (!remapping || entry.source.equals(source))) {
                taken.increment();
                entry.handler.accept(entry.number);
                return;
            }
        }
        refused.increment();
    }

    // ---- wires

    /// What a function's INTx pin is wired to; each has its own wire.
    public IrqLine line(PciFunction function) {
        return wires.computeIfAbsent(function, absent -> new Wire());
    }

    /// Says who hears, on the function's strand, that its pin is asserted; null for nobody. Only messages that come
    /// after are told: whoever listens looks at the pin himself first.
    public void listen(PciFunction function, @Nullable Runnable handler) {
        wires.computeIfAbsent(function, absent -> new Wire()).handler = handler;
    }

    /// A function has left the host for good.
    public void forget(PciFunction function) {
        wires.remove(function);
    }

    private static final class Wire implements IrqLine {
        private volatile @Nullable Runnable handler;

        @Override
        public void set(boolean asserted) {
            var told = handler;
            if (asserted && told != null) {
                told.run();
            }
        }
    }
}
