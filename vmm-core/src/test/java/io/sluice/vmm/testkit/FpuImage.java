package io.sluice.vmm.testkit;

import io.sluice.vmm.cpu.state.FpuState;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// An FXSAVE64 image and the state it stands for.
final class FpuImage {
    private static final int ST = 32;
    private static final int XMM = 160;

    private FpuImage() {}

    static void load(byte[] image, FpuState fpu) {
        ByteBuffer bytes = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
        fpu.fcw = bytes.getShort(0) & 0xFFFF;
        fpu.fsw = bytes.getShort(2) & 0xFFFF;
        fpu.mxcsr = bytes.getInt(24);
        int top = fpu.fsw >> 11 & 7;
        fpu.ftw = 0;
        for (int i = 0; i < 8; i++) {
            int register = top + i & 7;
            fpu.significand[register] = bytes.getLong(ST + 16 * i);
            fpu.signExponent[register] = bytes.getShort(ST + 16 * i + 8);
            boolean used = (image[4] >> register & 1) != 0;
            fpu.ftw |= (used ? tag(fpu, register) : 3) << 2 * register;
        }
        for (int i = 0; i < 32; i++) {
            fpu.xmm[i] = bytes.getLong(XMM + 8 * i);
        }
    }

    private static int tag(FpuState fpu, int register) {
        int exponent = fpu.signExponent[register] & 0x7FFF;
        long significand = fpu.significand[register];
        if (exponent == 0) {
            return significand == 0 ? 1 : 2;
        }
        return exponent == 0x7FFF || significand >= 0 ? 2 : 0;
    }

    static void store(FpuState fpu, byte[] image) {
        ByteBuffer bytes = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putShort(0, (short) fpu.fcw).putShort(2, (short) fpu.fsw).putInt(24, fpu.mxcsr);
        int top = fpu.fsw >> 11 & 7;
        int used = 0;
        for (int i = 0; i < 8; i++) {
            int register = top + i & 7;
            bytes.putLong(ST + 16 * i, fpu.significand[register]);
            bytes.putShort(ST + 16 * i + 8, fpu.signExponent[register]);
            used |= (fpu.ftw >> 2 * i & 3) == 3 ? 0 : 1 << i;
        }
        image[4] = (byte) used;
        for (int i = 0; i < 32; i++) {
            bytes.putLong(XMM + 8 * i, fpu.xmm[i]);
        }
    }
}
