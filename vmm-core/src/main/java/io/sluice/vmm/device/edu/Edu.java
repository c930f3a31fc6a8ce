package io.sluice.vmm.device.edu;

import io.sluice.vmm.address.Iova;
import io.sluice.vmm.bus.BusDevice;
import io.sluice.vmm.loop.Strand;
import io.sluice.vmm.pci.FunctionShape;
import io.sluice.vmm.pci.PciFunction;

/// A PCI function with a factorial unit, a DMA engine and interrupts that the driver raises itself (1234:11e8).
///
/// Factorials and transfers are queued on the strand, so the guest sees them run. A transfer that leaves the buffer
/// is not done: it ends at once, as if it had been.
public final class Edu implements BusDevice {
    /// Address bits that the DMA engine drives unless told otherwise.
    public static final long DEFAULT_DMA_MASK = (1L << 28) - 1;

    private static final long BAR_SIZE = 1 << 20;
    private static final int IDENTIFICATION = 0x0100_00ED;
    private static final int COMPUTING = 0x01;
    private static final int INTERRUPT_WHEN_DONE = 0x80;
    private static final int FACTORIAL_INTERRUPT = 0x001;
    private static final int DMA_INTERRUPT = 0x100;
    private static final int DMA_RUN = 1;
    private static final int DMA_TO_RAM = 2;
    private static final int DMA_NOTIFY = 4;
    private static final long BUFFER_START = 0x4_0000;
    private static final int BUFFER_SIZE = 4096;
    /// 34! and all above it are multiples of 2^32.
    private static final int FACTORIAL_IS_ZERO = 34;

    private final PciFunction function;
    private final Strand strand;
    private final long dmaMask;
    private final byte[] buffer = new byte[BUFFER_SIZE];
    private final Runnable compute = this::compute;
    private final Runnable transfer = this::transfer;
    private EduState state = new EduState();

    /// @param dmaMask address bits that the DMA engine drives
    public Edu(Strand strand, long dmaMask) {
        this(strand, dmaMask, FunctionShape.PLAIN);
    }

    /// @param shape what its place adds to it
    public Edu(Strand strand, long dmaMask, FunctionShape shape) {
        this.strand = strand;
        this.dmaMask = dmaMask;
        var builder = PciFunction.builder("edu", strand)
                .ids(0x1234, 0x11E8)
                .subsystem(0x1AF4, 0x1100)
                .revision(0x10)
                .classCode(0x00FF00)
                .interruptPin(1)
                .memoryBar(0, BAR_SIZE, this)
                .msi(1, true, false)
                .onReset(this::reset);
        shape.apply(builder);
        this.function = builder.build();
    }

    public PciFunction function() {
        return function;
    }

    private void reset() {
        state = new EduState();
        java.util.Arrays.fill(buffer, (byte) 0);
    }

    @Override
    public long read(long offset, int size) {
        var register = EduReg.at(offset, size);
        if (register == null) {
            return -1;
        }
        return switch (register) {
            case IDENTIFICATION -> IDENTIFICATION;
            case LIVENESS -> state.liveness;
            case FACTORIAL -> state.factorial;
            case STATUS -> state.status;
            case INTERRUPT_STATUS -> state.interrupts;
            case INTERRUPT_RAISE, INTERRUPT_ACKNOWLEDGE -> -1;
            case DMA_SOURCE -> state.source;
            case DMA_DESTINATION -> state.destination;
            case DMA_COUNT -> state.count;
            case DMA_COMMAND -> state.command;
        };
    }

    @Override
    public void write(long offset, int size, long value) {
        var register = EduReg.at(offset, size);
        if (register == null) {
            return;
        }
        long bits = size == 4 ? value & 0xFFFF_FFFFL : value;
        switch (register) {
            case IDENTIFICATION, INTERRUPT_STATUS -> {}
            case LIVENESS -> state.liveness = ~(int) bits;
            case FACTORIAL -> startFactorial((int) bits);
            case STATUS -> {
                state.status = state.status & ~INTERRUPT_WHEN_DONE | (int) bits & INTERRUPT_WHEN_DONE;
            }
            case INTERRUPT_RAISE -> raise((int) bits);
            case INTERRUPT_ACKNOWLEDGE -> acknowledge((int) bits);
            case DMA_SOURCE -> setDma(bits, state.destination, state.count);
            case DMA_DESTINATION -> setDma(state.source, bits, state.count);
            case DMA_COUNT -> setDma(state.source, state.destination, bits);
            case DMA_COMMAND -> startDma(bits);
        }
    }

    private void startFactorial(int of) {
        if ((state.status & COMPUTING) == 0) {
            state.factorial = of;
            state.status |= COMPUTING;
            strand.defer(compute);
        }
    }

    private void compute() {
        if ((state.status & COMPUTING) == 0) {
            return; // reset meanwhile
        }
        int n = state.factorial;
        int result = 1;
        if (Integer.compareUnsigned(n, FACTORIAL_IS_ZERO) >= 0) {
            result = 0;
        } else {
            for (int i = 2; i <= n; i++) {
                result *= i;
            }
        }
        state.factorial = result;
        state.status &= ~COMPUTING;
        if ((state.status & INTERRUPT_WHEN_DONE) != 0) {
            raise(FACTORIAL_INTERRUPT);
        }
    }

    private boolean isTransferring() {
        return (state.command & DMA_RUN) != 0;
    }

    private void setDma(long source, long destination, long count) {
        if (!isTransferring()) {
            state.source = source;
            state.destination = destination;
            state.count = count;
        }
    }

    private void startDma(long command) {
        if (!isTransferring() && (command & DMA_RUN) != 0) {
            state.command = command;
            strand.defer(transfer);
        }
    }

    private void transfer() {
        if (!isTransferring()) {
            return; // reset meanwhile
        }
        boolean toRam = (state.command & DMA_TO_RAM) != 0;
        long inBuffer = (toRam ? state.source : state.destination) - BUFFER_START;
        var inRam = new Iova((toRam ? state.destination : state.source) & dmaMask);
        long count = state.count;
        if (inBuffer >= 0 && count >= 0 && count <= BUFFER_SIZE && inBuffer <= BUFFER_SIZE - count) {
            if (toRam) {
                function.dma().write(inRam, buffer, (int) inBuffer, (int) count);
            } else {
                function.dma().read(inRam, buffer, (int) inBuffer, (int) count);
            }
        }
        long command = state.command & ~DMA_RUN;
        state.command = command;
        if ((command & DMA_NOTIFY) != 0) {
            raise(DMA_INTERRUPT);
        }
    }

    private void raise(int causes) {
        state.interrupts |= causes;
        if (state.interrupts != 0 && !function.message(0)) {
            function.intx(true);
        }
    }

    private void acknowledge(int causes) {
        state.interrupts &= ~causes;
        if (state.interrupts == 0 && !function.usesMessages()) {
            function.intx(false);
        }
    }
}
