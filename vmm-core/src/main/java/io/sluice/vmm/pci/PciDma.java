package io.sluice.vmm.pci;

import io.sluice.vmm.address.Iova;
import io.sluice.vmm.address.Pasid;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A function's way to memory. A request leaves only while bus mastering is on, in the function and in every bridge
/// above it. On the function's strand.
public final class PciDma {
    /// 100 ms.
    private static final long PAUSE_NANOS = 100_000_000;

    private final PciFunction function;
    private long reads;
    private long writes;
    private long readBytes;
    private long writtenBytes;
    private long messages;
    private long faults;
    private long told;
    private volatile long refused;
    private volatile long failed;

    PciDma(PciFunction function) {
        this.function = function;
    }

    /// @return whether all was read; what was not is all ones, as an unsupported request completes
    public boolean read(Iova from, byte[] target, int offset, int length) {
        return read(null, from, target, offset, length);
    }

    public boolean read(@Nullable Pasid pasid, Iova from, byte[] target, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, target.length);
        var port = function.port();
        if (port == null || !function.isMaster()) {
            refuse();
            tell(port, false, pasid, from, length, DmaFault.Reason.BUS_MASTER_OFF);
            Arrays.fill(target, offset, offset + length, (byte) -1);
            return false;
        }
        reads++;
        readBytes += length;
        if (port.dma().read(port.bdf(), pasid, from, target, offset, length)) {
            return true;
        }
        fail();
        tell(port, false, pasid, from, length, DmaFault.Reason.UNCLAIMED);
        return false;
    }

    /// @return whether all was written
    public boolean write(Iova to, byte[] source, int offset, int length) {
        return write(null, to, source, offset, length);
    }

    public boolean write(@Nullable Pasid pasid, Iova to, byte[] source, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, source.length);
        var port = function.port();
        if (port == null || !function.isMaster()) {
            refuse();
            tell(port, true, pasid, to, length, DmaFault.Reason.BUS_MASTER_OFF);
            return false;
        }
        writes++;
        writtenBytes += length;
        if (port.dma().write(port.bdf(), pasid, to, source, offset, length)) {
            return true;
        }
        fail();
        tell(port, true, pasid, to, length, DmaFault.Reason.UNCLAIMED);
        return false;
    }

    /// Lets `use` at the memory behind `list`, as [DmaTarget#access] has it: on this thread, before it returns, and
    /// only
    /// if all of it is there. Counts as one request.
    ///
    /// @param write whether the device writes all of the memory; otherwise it only reads
    /// @return whether `use` has run
    public boolean access(DmaRuns list, boolean write, Runnable use) {
        return access(null, list, write, use);
    }

    public boolean access(@Nullable Pasid pasid, DmaRuns list, boolean write, Runnable use) {
        if (list.pieces() == 0) {
            throw new IllegalStateException("a request for no memory");
        }
        var port = function.port();
        if (port == null || !function.isMaster()) {
            refuse();
            tell(port, write, pasid, list.iova(0), list.pieceLength(0), DmaFault.Reason.BUS_MASTER_OFF);
            return false;
        }
        if (write) {
            writes++;
            writtenBytes += list.bytes();
        } else {
            reads++;
            readBytes += list.bytes();
        }
        if (port.dma().access(port.bdf(), pasid, list, write, use)) {
            return true;
        }
        fail();
        int missed = Math.min(list.resolved(), list.pieces() - 1);
        tell(port, write, pasid, list.iova(missed), list.pieceLength(missed), DmaFault.Reason.UNCLAIMED);
        return false;
    }

    /// Requests and messages that were not sent because bus mastering was off. Any thread.
    public long refused() {
        return refused;
    }

    /// Requests that were sent and not completed wholly. Any thread.
    public long failed() {
        return failed;
    }

    /// Read requests that were sent. Any thread, as with all these numbers; a little late.
    public long reads() {
        return reads;
    }

    public long writes() {
        return writes;
    }

    /// Bytes that were asked for.
    public long readBytes() {
        return readBytes;
    }

    public long writtenBytes() {
        return writtenBytes;
    }

    /// Message-signalled interrupts that left the function.
    public long messages() {
        return messages;
    }

    /// Sends a message-signalled interrupt.
    ///
    /// @return whether it left the function
    boolean message(long address, int data) {
        var port = function.port();
        if (port == null || !function.isMaster()) {
            refuse();
            return false;
        }
        port.told().sent(port, function, address, data);
        messages++;
        port.msi().write(address, data);
        return true;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // written on the strand only
    private void refuse() {
        refused++;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // written on the strand only
    private void fail() {
        failed++;
    }

    /// Tells of a fault, of a burst of faults the first and then one in [#PAUSE_NANOS]; each says how many there were.
    private void tell(
            @Nullable PciPort port, boolean write, @Nullable Pasid pasid, Iova at, int length, DmaFault.Reason reason) {
        if (port == null) {
            return;
        }
        faults++;
        long now = System.nanoTime();
        if (faults == 1 || now - told >= PAUSE_NANOS) {
            told = now;
            port.faults().faulted(new DmaFault(port.bdf(), function.name(), write, pasid, at, length, reason, faults));
        }
    }
}
