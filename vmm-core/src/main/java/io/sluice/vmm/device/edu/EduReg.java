package io.sluice.vmm.device.edu;

import org.jspecify.annotations.Nullable;

/// The registers of BAR 0. Those below 0x80 take 32-bit accesses only, the others 32 and 64 bits.
enum EduReg {
    /// Reads 0x010000ED: version 1.0.
    IDENTIFICATION(0x00),
    /// Reads back inverted.
    LIVENESS(0x04),
    FACTORIAL(0x08),
    /// Bit 0 computing (read only), bit 7 interrupt when done.
    STATUS(0x20),
    INTERRUPT_STATUS(0x24),
    INTERRUPT_RAISE(0x60),
    INTERRUPT_ACKNOWLEDGE(0x64),
    DMA_SOURCE(0x80),
    DMA_DESTINATION(0x88),
    DMA_COUNT(0x90),
    /// Bit 0 run, bit 1 direction (1: from the device to RAM), bit 2 interrupt when done.
    DMA_COMMAND(0x98);

    private static final int WIDE = 0x80;
    private static final @Nullable EduReg[] BY_OFFSET = new EduReg[0xA0];

    static {
        for (var register : values()) {
            BY_OFFSET[register.offset] = register;
        }
    }

    private final int offset;

    EduReg(int offset) {
        this.offset = offset;
    }

    /// The register that an access reaches; null if none.
    static @Nullable EduReg at(long offset, int size) {
        if (offset < 0 || offset >= BY_OFFSET.length || size != 4 && (size != 8 || offset < WIDE)) {
            return null;
        }
        return BY_OFFSET[(int) offset];
    }
}
