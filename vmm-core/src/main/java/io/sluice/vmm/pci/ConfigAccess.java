package io.sluice.vmm.pci;

import io.sluice.vmm.bus.BusBridge;
import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.loop.Strand;
import org.jspecify.annotations.Nullable;

/// Configuration requests by address. Non-posted: the requester enters the function's strand and waits for the
/// answer. An absent function reads as all ones and drops writes.
final class ConfigAccess {
    private final PciBus root;

    ConfigAccess(PciBus root) {
        this.root = root;
    }

    /// @param size 1, 2, 4 or 8
    long read(int bus, int devfn, int register, int size) {
        var function = root.find(bus, devfn);
        if (function == null) {
            return -1L;
        }
        var strand = function.strand();
        if (strand.tryEnter()) {
            try {
                return readInside(function, register, size);
            } finally {
                strand.exit();
            }
        }
        var result = new long[1];
        strand.call(() -> result[0] = readInside(function, register, size));
        return result[0];
    }

    void write(int bus, int devfn, int register, int size, long value) {
        var function = root.find(bus, devfn);
        if (function == null) {
            return;
        }
        var strand = function.strand();
        if (strand.tryEnter()) {
            try {
                writeInside(function, register, size, value);
            } finally {
                strand.exit();
            }
            return;
        }
        strand.call(() -> writeInside(function, register, size, value));
    }

    /// A function that left its bus since it was found is absent.
    private static long readInside(PciFunction function, int register, int size) {
        if (function.port() == null) {
            return -1L;
        }
        if (size == 8) {
            return function.configRead(register, 4) & 0xFFFF_FFFFL | (long) function.configRead(register + 4, 4) << 32;
        }
        return function.configRead(register, size) & 0xFFFF_FFFFL;
    }

    private static void writeInside(PciFunction function, int register, int size, long value) {
        if (function.port() == null) {
            return;
        }
        if (size == 8) {
            function.configWrite(register, 4, (int) value);
            function.configWrite(register + 4, 4, (int) (value >> 32));
        } else {
            function.configWrite(register, size, (int) value);
        }
    }

    /// The memory-mapped window: 4096 bytes a function (PCI Express Base 6.0 section 7.2.2).
    final class Ecam extends BusBridge {
        @Override
        public long read(long offset, int size) {
            return ConfigAccess.this.read(
                    (int) (offset >> 20), (int) (offset >> 12) & 0xFF, (int) offset & 0xFFF, size);
        }

        @Override
        public void write(long offset, int size, long value) {
            ConfigAccess.this.write(
                    (int) (offset >> 20), (int) (offset >> 12) & 0xFF, (int) offset & 0xFFF, size, value);
        }
    }

    /// Ports 0xCF8 to 0xCFF (PCI 3.0 section 3.2.2.3.2). Only a 32-bit access reaches the address register; a byte
    /// at 0xCF9 is the reset control register's, which another device answers.
    static final class Ports extends BusBridge {
        private static final int DATA = 4;
        private static final int RESET_CONTROL = 1;
        private static final int ENABLE = 1 << 31;

        private record ResetControl(BusDevice device, Strand strand) {}

        private final ConfigAccess access;
        private volatile int address;
        private volatile @Nullable ResetControl reset;

        Ports(ConfigAccess access) {
            this.access = access;
        }

        void resetControl(BusDevice device, Strand strand) {
            reset = new ResetControl(device, strand);
        }

        void clear() {
            address = 0;
        }

        @Override
        public long read(long offset, int size) {
            if (offset == 0 && size == 4) {
                return address & 0xFFFF_FFFFL;
            }
            var control = reset;
            if (offset == RESET_CONTROL && size == 1 && control != null) {
                var result = new long[1];
                control.strand.call(() -> result[0] = control.device.read(0, 1));
                return result[0];
            }
            int target = address;
            if (offset < DATA || (target & ENABLE) == 0) {
                return -1L;
            }
            return access.read(target >> 16 & 0xFF, target >> 8 & 0xFF, (target & 0xFC) + (int) (offset & 3), size);
        }

        @Override
        public void write(long offset, int size, long value) {
            if (offset == 0 && size == 4) {
                address = (int) value;
                return;
            }
            var control = reset;
            if (offset == RESET_CONTROL && size == 1 && control != null) {
                control.strand.call(() -> control.device.write(0, 1, value));
                return;
            }
            int target = address;
            if (offset >= DATA && (target & ENABLE) != 0) {
                access.write(
                        target >> 16 & 0xFF, target >> 8 & 0xFF, (target & 0xFC) + (int) (offset & 3), size, value);
            }
        }
    }
}
