package io.sluice.samples.mbochs;

import io.sluice.vmm.regs.RegisterTable;
import org.jspecify.annotations.Nullable;

/// The registers by which a guest sets its mode, and the mode that they describe.
final class Dispi {
    private static final int ENABLED = 1;
    private static final int DEPTH = 32;
    private static final int PIXEL_BYTES = 4;
    private static final int LEAST = 64;
    private static final int BANK_SHIFT = 16;

    static final RegisterTable<DispiReg> TABLE = new RegisterTable<>(DispiReg.values());

    private final int memory;
    private final int[] values = new int[DispiReg.values().length];

    /// A picture in video memory, 32 bits a pixel.
    ///
    /// @param offset of its first byte
    record Mode(int width, int height, int stride, long offset) {
        long size() {
            return (long) stride * height;
        }
    }

    /// @param memory bytes of video memory
    Dispi(int memory) {
        this.memory = memory;
        reset();
    }

    void reset() {
        for (var register : DispiReg.values()) {
            values[register.ordinal()] = (int) register.spec().reset();
        }
        values[DispiReg.VIDEO_MEMORY_64K.ordinal()] = memory >> BANK_SHIFT;
    }

    /// @param offset of a register, even
    int read(int offset) {
        var register = TABLE.at(offset);
        return register == null ? 0 : values[register.ordinal()];
    }

    void write(int offset, int value) {
        var register = TABLE.at(offset);
        if (register != null) {
            values[register.ordinal()] = register.written(values[register.ordinal()], value);
        }
    }

    private int value(DispiReg register) {
        return values[register.ordinal()];
    }

    /// What is shown; null if the display is off or what the registers say is no picture of this memory.
    @Nullable
    Mode mode() {
        if ((value(DispiReg.ENABLE) & ENABLED) == 0 || value(DispiReg.BPP) != DEPTH) {
            return null;
        }
        int width = value(DispiReg.XRES);
        int height = value(DispiReg.YRES);
        int stride = Math.max(value(DispiReg.VIRT_WIDTH), width) * PIXEL_BYTES;
        long offset = (long) value(DispiReg.X_OFFSET) * PIXEL_BYTES + (long) value(DispiReg.Y_OFFSET) * stride;
        var mode = new Mode(width, height, stride, offset);
        boolean fits = width >= LEAST && height >= LEAST && offset + mode.size() <= memory;
        return fits ? mode : null;
    }
}
