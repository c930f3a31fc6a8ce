package io.sluice.vmm.device.fwcfg;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.loop.Strand;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// fw_cfg as a PC has it: selector and data at ports 0x510 and 0x511, the DMA address at 0x514.
///
/// A DMA transfer of any length is bounded: it goes in slices, each one turn of the strand, and while one runs another
/// is answered with an error.
public final class FwCfg {
    public static final int PORT = 0x510;
    public static final int DMA_PORT = 0x514;

    private static final long SIGNATURE = 0x51454D5520434647L; // "QEMU CFG"
    private static final int DATA = 1;
    private static final int DESCRIPTOR = 16;
    private static final int CHUNK = 64 << 10;
    private static final int SLICE = 1 << 20;
    private static final int ERROR = 1;
    private static final int READ = 2;
    private static final int SKIP = 4;
    private static final int SELECT = 8;
    private static final int WRITE = 16;

    private final Strand strand;
    private final AddressSpace memory;
    private final FwCfgItems items;
    private final byte[] descriptor = new byte[DESCRIPTOR];
    private final byte[] zeros = new byte[CHUNK];
    private final Runnable slice = this::slice;
    private byte @Nullable [] item;
    private long position;
    private long dmaAddress;
    private boolean running;
    private long replyTo;
    private long target;
    private long left;

    public FwCfg(Strand strand, AddressSpace memory, FwCfgItems items) {
        this.strand = strand;
        this.memory = memory;
        this.items = items;
    }

    /// Maps the ports into the I/O space.
    public void map(AddressSpace io) {
        io.mapDevice(PORT, 2, new Ports(), strand);
        io.mapDevice(DMA_PORT, 8, new DmaAddress(), strand);
    }

    /// On the strand. A transfer that runs is dropped.
    public void reset() {
        item = null;
        position = 0;
        dmaAddress = 0;
        running = false;
    }

    private void select(int selector) {
        item = items.find(selector & 0xFFFF);
        position = 0;
    }

    private int nextByte() {
        var from = item;
        return from == null || position >= from.length ? 0 : from[(int) position++] & 0xFF;
    }

    /// A 16-bit write selects; a byte read takes the next byte of the item. Writes of data are ignored.
    private final class Ports implements BusDevice {
        @Override
        public long read(long offset, int size) {
            return size == 1 ? nextByte() : -1;
        }

        @Override
        public void write(long offset, int size, long value) {
            if (size == 2 && offset < DATA) {
                select((int) value);
            }
        }
    }

    /// Big-endian: the high half first; writing the low half starts the transfer.
    private final class DmaAddress implements BusDevice {
        @Override
        public long read(long offset, int size) {
            long value = 0;
            for (int i = 0; i < size; i++) {
                value |= (SIGNATURE >>> 8 * (7 - offset - i) & 0xFF) << 8 * i;
            }
            return value;
        }

        @Override
        public void write(long offset, int size, long value) {
            if (size == 4 && offset == 0) {
                dmaAddress = (long) Integer.reverseBytes((int) value) << 32;
            } else if (size == 4 && offset == 4) {
                start(dmaAddress | Integer.reverseBytes((int) value) & 0xFFFF_FFFFL);
            } else if (size == 8) {
                start(Long.reverseBytes(value));
            }
        }
    }

    private void start(long at) {
        dmaAddress = 0;
        if (running || !memory.dmaRead(at, descriptor, 0, DESCRIPTOR)) {
            reply(at, ERROR);
            return;
        }
        var fields = ByteBuffer.wrap(descriptor);
        int control = fields.getInt();
        left = fields.getInt() & 0xFFFF_FFFFL;
        target = fields.getLong();
        if ((control & SELECT) != 0) {
            select(control >>> 16);
        }
        if ((control & READ) != 0) {
            running = true;
            replyTo = at;
            slice();
        } else if ((control & WRITE) != 0) {
            reply(at, left == 0 ? 0 : ERROR); // no item may be written
        } else {
            if ((control & SKIP) != 0) {
                skip(left);
            }
            reply(at, 0);
        }
    }

    private void skip(long bytes) {
        var from = item;
        if (from != null) {
            position = Math.min(from.length, position + bytes);
        }
    }

    /// Copies up to a slice: the item first, then zeros.
    private void slice() {
        if (!running) {
            return; // reset meanwhile
        }
        for (int done = 0; done < SLICE && left > 0; done += CHUNK) {
            var from = item;
            boolean inside = from != null && position < from.length;
            int length = (int) Math.min(left, CHUNK);
            boolean whole;
            if (from != null && inside) {
                length = (int) Math.min(length, from.length - position);
                whole = memory.dmaWrite(target, from, (int) position, length);
                position += length;
            } else {
                whole = memory.dmaWrite(target, zeros, 0, length);
            }
            if (!whole) {
                running = false;
                reply(replyTo, ERROR);
                return;
            }
            target += length;
            left -= length;
        }
        if (left > 0) {
            strand.defer(slice);
        } else {
            running = false;
            reply(replyTo, 0);
        }
    }

    private void reply(long at, int control) {
        var word = ByteBuffer.allocate(4).putInt(control).array();
        memory.dmaWrite(at, word, 0, 4);
    }
}
