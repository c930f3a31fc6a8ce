package io.sluice.guest.userland;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// A static ELF file for x86-64: one segment that may be read, written and executed, entered at its first byte after
/// the headers.
final class StaticElf {
    static final long BASE = 0x40_0000;
    private static final int HEADERS = 64 + 56;
    /// Where the code begins; an [io.sluice.guest.asm.Asm] of it has this origin.
    static final long ORIGIN = BASE + HEADERS;

    private StaticElf() {}

    static byte[] of(byte[] code) {
        var out = ByteBuffer.allocate(HEADERS + code.length).order(ByteOrder.LITTLE_ENDIAN);
        out.put(new byte[] {0x7F, 'E', 'L', 'F', 2, 1, 1, 0}).putLong(0);
        out.putShort((short) 2).putShort((short) 62).putInt(1);
        out.putLong(ORIGIN).putLong(64).putLong(0).putInt(0);
        out.putShort((short) 64).putShort((short) 56).putShort((short) 1);
        out.putShort((short) 64).putShort((short) 0).putShort((short) 0);
        out.putInt(1).putInt(7).putLong(0).putLong(BASE).putLong(BASE);
        out.putLong(out.capacity()).putLong(out.capacity()).putLong(4096);
        out.put(code);
        return out.array();
    }
}
