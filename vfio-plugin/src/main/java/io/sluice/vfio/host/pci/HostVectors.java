package io.sluice.vfio.host.pci;

import io.sluice.vfio.host.Errno;
import io.sluice.vfio.host.HostException;
import io.sluice.vfio.host.Steps;
import io.sluice.vfio.host.iommu.IommuDevice;
import io.sluice.vmm.address.Bdf;
import java.util.BitSet;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// The interrupts of the host: what message-signalled interrupts become. A message names a handle and counts from
/// there, in the format that interrupt remapping has (VT-d specification, section 5.1.2.2); a device that sends
/// another's
/// is not heard if the IOMMU remaps interrupts.
///
/// Any thread; delivery takes no lock and allocates nothing.
public final class HostVectors {
    private static final long WINDOW = 0xFEE0_0000L;
    private static final int MOST = 1 << 16;
    private static final long REMAPPABLE = 1 << 4;
    private static final long SUBHANDLE_VALID = 1 << 3;
    private static final int HANDLE_SHIFT = 5;
    private static final int HANDLE_TOP_SHIFT = 2;

    private final Steps steps;
    private final AtomicReferenceArray<@Nullable Block> table = new AtomicReferenceArray<>(MOST);
    private final BitSet taken = new BitSet();
    private final LongAdder blocked = new LongAdder();

    HostVectors(Steps steps) {
        this.steps = steps;
    }

    /// Vectors of one function that follow one another.
    public final class Block {
        private final IommuDevice owner;
        private final int first;
        private final int count;
        private final IntConsumer handler;

        private Block(IommuDevice owner, int first, int count, IntConsumer handler) {
            this.owner = owner;
            this.first = first;
            this.count = count;
            this.handler = handler;
        }

        public int count() {
            return count;
        }

        /// What the function writes to.
        public long address() {
            return WINDOW
                    | REMAPPABLE
                    | SUBHANDLE_VALID
                    | (first & 0x7FFFL) << HANDLE_SHIFT
                    | (long) (first >> 15) << HANDLE_TOP_SHIFT;
        }

        /// What it writes for one of its vectors.
        public int data(int vector) {
            return Objects.checkIndex(vector, count);
        }

        /// Nothing that arrives later is delivered.
        public void free() {
            HostVectors.this.free(this);
        }
    }

    /// Takes vectors for a function.
    ///
    /// @param handler gets the number, from 0, on the strand of the function that sent it; must not block
    /// @throws HostException ENOSPC if there are not as many left in a row, with how many there are as its count;
    /// ENODEV
    ///     if the function is gone
    public Block allocate(HostFunction owner, int count, IntConsumer handler) {
        if (count < 1 || count > 2048) {
            throw new HostException(Errno.EINVAL, "no function has " + count + " vectors");
        }
        var sender = owner.iommu();
        steps.pass("host.pci.vectors.block");
        synchronized (this) {
            int first = free(count);
            taken.set(first, first + count);
            var block = new Block(sender, first, count, handler);
            for (int i = 0; i < count; i++) {
                table.set(first + i, block);
            }
            return block;
        }
    }

    private int free(int count) {
        int first = taken.nextClearBit(0);
        while (first + count <= MOST) {
            int next = taken.nextSetBit(first);
            if (next < 0 || next - first >= count) {
                return first;
            }
            first = taken.nextClearBit(next);
        }
        throw new HostException(Errno.ENOSPC, "no " + count + " vectors in a row are left", longest());
    }

    /// How many follow one another that nobody has.
    private int longest() {
        int longest = 0;
        for (int first = taken.nextClearBit(0); first < MOST; ) {
            int next = taken.nextSetBit(first);
            int end = next < 0 ? MOST : next;
            longest = Math.max(longest, end - first);
            first = taken.nextClearBit(end);
        }
        return longest;
    }

    private synchronized void free(Block block) {
        if (table.get(block.first) != block) {
            return;
        }
        for (int i = 0; i < block.count; i++) {
            table.set(block.first + i, null);
        }
        taken.clear(block.first, block.first + block.count);
    }

    /// Vectors that are in use.
    public synchronized int used() {
        return taken.cardinality();
    }

    /// Vectors that are not in use.
    public synchronized int left() {
        return MOST - taken.cardinality();
    }

    /// A device has written `data` into the interrupt window.
    ///
    /// @param remapped whether its IOMMU looks at who sends what
    void deliver(Bdf requester, int address, int data, boolean remapped) {
        int handle = address >>> HANDLE_SHIFT & 0x7FFF | (address >>> HANDLE_TOP_SHIFT & 1) << 15;
        int index = (address & SUBHANDLE_VALID) != 0 ? handle + (data & 0xFFFF) : handle;
        var block = (address & REMAPPABLE) != 0 && index < MOST ? table.get(index) : null;
        if (block == null || remapped && block.owner.requester().bits() != requester.bits()) {
            blocked.increment();
            return;
        }
        block.handler.accept(index - block.first);
    }

    /// Messages that were nobody's, or another's.
    public long blocked() {
        return blocked.sum();
    }
}
