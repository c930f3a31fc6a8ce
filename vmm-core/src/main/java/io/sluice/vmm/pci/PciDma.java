package io.sluice.vmm.pci;

import io.sluice.vmm.address.Iova;
import io.sluice.vmm.address.Pasid;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A function's way to memory. A request leaves only while bus mastering is on, in the function and in every bridge
/// above it. On the function's strand.
public final class PciDma {
    private final PciFunction function;
    private long reads;
    private long writes;
    private long readBytes;
    private long writtenBytes;
    private long messages;
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
            Arrays.fill(target, offset, offset + length, (byte) -1);
            return false;
        }
        reads++;
        readBytes += length;
        return count(port.dma().read(port.bdf(), pasid, from, target, offset, length));
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
            return false;
        }
        writes++;
        writtenBytes += length;
        return count(port.dma().write(port.bdf(), pasid, to, source, offset, length));
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
    private boolean count(boolean whole) {
        if (!whole) {
            failed++;
        }
        return whole;
    }
}
