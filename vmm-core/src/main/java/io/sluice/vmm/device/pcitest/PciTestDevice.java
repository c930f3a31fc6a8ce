package io.sluice.vmm.device.pcitest;

import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.pci.Bar;
import io.sluice.vmm.pci.FunctionShape;
import io.sluice.vmm.pci.PciFunction;
import org.jspecify.annotations.Nullable;

/// The function `pci-testdev` (1b36:0005): counts writes, to measure how fast accesses reach a device.
///
/// Writing a number to the first byte of a BAR chooses that BAR's test. There is no eventfd here, so the three tests
/// of a BAR differ only in whether the byte must match.
public final class PciTestDevice {
    private static final int MEMORY_SIZE = 4096;
    private static final int IO_SIZE = 256;
    private static final int MEMBAR = 2;

    private final PciFunction function;
    private @Nullable IoTest current;
    private int count;

    /// @param membar size of a third, 64-bit prefetchable BAR that nothing answers; 0 for none
    public PciTestDevice(Strand strand, long membar) {
        this(strand, membar, FunctionShape.PLAIN);
    }

    /// @param shape what its place adds to it
    public PciTestDevice(Strand strand, long membar, FunctionShape shape) {
        var builder = PciFunction.builder("pci-testdev", strand)
                .ids(0x1B36, 0x0005)
                .subsystem(0x1AF4, 0x1100)
                .classCode(0x00FF00)
                .memoryBar(0, MEMORY_SIZE, new Half(0))
                .ioBar(1, IO_SIZE, new Half(IoTest.TESTS_OF_A_BAR))
                .onReset(() -> current = null);
        if (membar > 0) {
            builder.bar(new Bar(MEMBAR, Bar.Kind.MEMORY64, true, membar, new Void(), false));
        }
        shape.apply(builder);
        function = builder.build();
    }

    public PciFunction function() {
        return function;
    }

    private int readByte(long offset) {
        return current == null ? 0 : current.header(offset, count);
    }

    private void writeByte(int firstTest, long offset, int value) {
        if (offset == 0) {
            current = value < IoTest.TESTS_OF_A_BAR ? IoTest.values()[firstTest + value] : null;
            count = 0;
        } else if (current != null && current.counts(offset, value)) {
            count++;
        }
    }

    /// A BAR: wider accesses are so many bytes.
    private final class Half implements BusDevice {
        private final int firstTest;

        Half(int firstTest) {
            this.firstTest = firstTest;
        }

        @Override
        public long read(long offset, int size) {
            long value = 0;
            for (int i = 0; i < size; i++) {
                value |= (long) readByte(offset + i) << 8 * i;
            }
            return value;
        }

        @Override
        public void write(long offset, int size, long value) {
            for (int i = 0; i < size; i++) {
                writeByte(firstTest, offset + i, (int) (value >> 8 * i) & 0xFF);
            }
        }
    }

    /// Address space without content.
    private static final class Void implements BusDevice {
        @Override
        public long read(long offset, int size) {
            return -1;
        }

        @Override
        public void write(long offset, int size, long value) {}
    }
}
