package io.sluice.samples.mbochs;

import io.sluice.vmm.regs.RegisterTable;
import java.util.Arrays;

/// What the host tells of its monitor: registers, and the EDID itself in the upper half. The guest reads the EDID in
/// the first KiB of its registers, as long as the link is up.
final class EdidRegion {
    static final int SIZE = 4096;
    static final int BLOB = SIZE / 2;
    static final int BLOB_SIZE = 0x400;
    static final int LINK_UP = 1;
    static final int LINK_DOWN = 2;
    private static final int WORD = 4;

    static final RegisterTable<EdidReg> TABLE = new RegisterTable<>(EdidReg.values());

    private final MbochsModel model;
    private final int[] values = new int[EdidReg.values().length];
    private final byte[] blob = new byte[BLOB_SIZE];

    EdidRegion(MbochsModel model) {
        this.model = model;
        clear();
    }

    /// No monitor, as at first.
    void clear() {
        for (var register : EdidReg.values()) {
            values[register.ordinal()] = (int) register.spec().reset();
        }
        values[EdidReg.MAX_XRES.ordinal()] = model.maxWidth;
        values[EdidReg.MAX_YRES.ordinal()] = model.maxHeight;
        Arrays.fill(blob, (byte) 0);
    }

    /// The host's view: registers take aligned accesses of 4 bytes and no other.
    long read(int offset, int size) {
        if (offset >= BLOB) {
            return isInBlob(offset, size) ? bytes(offset - BLOB, size, BLOB_SIZE) : 0;
        }
        var register = size == WORD ? TABLE.at(offset) : null;
        return register == null ? 0 : values[register.ordinal()] & 0xFFFF_FFFFL;
    }

    void write(int offset, int size, long value) {
        if (offset >= BLOB) {
            for (int i = 0; i < size && isInBlob(offset, size); i++) {
                blob[offset - BLOB + i] = (byte) (value >> 8 * i);
            }
            return;
        }
        var register = size == WORD ? TABLE.at(offset) : null;
        if (register != null) {
            values[register.ordinal()] = register.written(values[register.ordinal()], (int) value);
        }
    }

    private static boolean isInBlob(int offset, int size) {
        return offset - BLOB <= BLOB_SIZE - size;
    }

    /// The guest's view of the EDID.
    ///
    /// @param offset below [#BLOB_SIZE]
    long shown(int offset, int size) {
        boolean up = values[EdidReg.LINK_STATE.ordinal()] == LINK_UP;
        long told = values[EdidReg.EDID_SIZE.ordinal()] & 0xFFFF_FFFFL;
        return up ? bytes(offset, size, (int) Math.min(told, BLOB_SIZE)) : 0;
    }

    private long bytes(int offset, int size, int end) {
        long value = 0;
        for (int i = 0; i < size && offset + i < end; i++) {
            value |= (blob[offset + i] & 0xFFL) << 8 * i;
        }
        return value;
    }
}
