package io.sluice.vmm.device.pcitest;

import io.sluice.vmm.bus.AddressSpace;
import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.bus.BusException;
import io.sluice.vmm.bus.Mapping;
import io.sluice.vmm.irq.IrqLine;
import io.sluice.vmm.loop.Strand;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// `pc-testdev`: a port that keeps 32 bits, ports that drive interrupt lines, and 64 KiB of memory behind traps.
public final class PcTestDevice implements AutoCloseable {
    private static final int DATA_PORT = 0xE0;
    private static final int FLUSH_PORT = 0xE4;
    private static final int DATA_BYTE_PORT = 0xE8;
    private static final int IRQ_PORTS = 0x2000;
    private static final long IOMEM_BASE = 0xFF00_0000L;
    private static final int IOMEM_SIZE = 0x1_0000;

    private final AddressSpace memory;
    private final AddressSpace io;
    private final IrqLine[] lines;
    private final byte[] iomem = new byte[IOMEM_SIZE];
    private final List<Mapping> inMemory = new ArrayList<>();
    private final List<Mapping> inIo = new ArrayList<>();
    private int data;

    /// Maps itself.
    ///
    /// @param lines the inputs that ports 0x2000 and up drive
    /// @throws BusException if one of its ranges is taken; then none is mapped
    public PcTestDevice(Strand strand, AddressSpace memory, AddressSpace io, IrqLine[] lines) {
        this.memory = memory;
        this.io = io;
        this.lines = lines.clone();
        try {
            inIo.add(io.mapDevice(DATA_PORT, 4, new Data(), strand));
            inIo.add(io.mapDevice(FLUSH_PORT, 4, new Flush(), strand));
            inIo.add(io.mapDevice(DATA_BYTE_PORT, 4, new Data(), strand));
            inIo.add(io.mapDevice(IRQ_PORTS, lines.length, new Irqs(), strand));
            inMemory.add(memory.mapDevice(IOMEM_BASE, IOMEM_SIZE, new Iomem(), strand));
        } catch (BusException e) {
            close();
            throw e;
        }
    }

    /// On the strand.
    public void reset() {
        data = 0;
        Arrays.fill(iomem, (byte) 0);
        for (var line : lines) {
            line.set(false);
        }
    }

    @Override
    public void close() {
        inIo.forEach(io::remove);
        inMemory.forEach(memory::remove);
    }

    /// The 32 bits: an access reaches the bytes that its port number names.
    private final class Data implements BusDevice {
        @Override
        public long read(long offset, int size) {
            return Integer.toUnsignedLong(data) >>> 8 * (offset & 3);
        }

        @Override
        public void write(long offset, int size, long value) {
            int shift = 8 * (int) (offset & 3);
            long mask = (1L << 8 * Math.min(size, 4)) - 1 << shift;
            data = (int) (data & ~mask | value << shift & mask);
        }
    }

    /// QEMU unmaps and remaps a page of guest RAM here. Nothing of ours is cached that this could drop.
    private static final class Flush implements BusDevice {
        @Override
        public long read(long offset, int size) {
            return 0;
        }

        @Override
        public void write(long offset, int size, long value) {}
    }

    /// One port a line: a byte other than 0 asserts it.
    private final class Irqs implements BusDevice {
        @Override
        public long read(long offset, int size) {
            return 0;
        }

        @Override
        public void write(long offset, int size, long value) {
            if (size == 1) {
                lines[(int) offset].set((value & 0xFF) != 0);
            }
        }
    }

    private final class Iomem implements BusDevice {
        @Override
        public long read(long offset, int size) {
            long value = 0;
            for (int i = 0; i < size; i++) {
                value |= (iomem[(int) offset + i] & 0xFFL) << 8 * i;
            }
            return value;
        }

        @Override
        public void write(long offset, int size, long value) {
            for (int i = 0; i < size; i++) {
                iomem[(int) offset + i] = (byte) (value >> 8 * i);
            }
        }
    }
}
