package io.sluice.guest.baremetal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// Wraps code that is linked at one address into a 32-bit ELF file with a multiboot header, which QEMU's and Sluice's
/// `-kernel` and GRUB load.
final class MultibootFile {
    private static final int ELF_HEADER = 52;
    private static final int PROGRAM_HEADER = 32;
    private static final int MULTIBOOT_HEADER = 12;
    private static final int MULTIBOOT_MAGIC = 0x1BADB002;
    private static final int WANTS_MEMORY_MAP = 2;
    private static final int CODE_AT = 4096;

    private MultibootFile() {}

    /// @param code what lies at `address`; it is entered at its first byte
    /// @param bss zeroed bytes after it
    static byte[] of(int address, byte[] code, int bss) {
        var out = ByteBuffer.allocate(CODE_AT + code.length).order(ByteOrder.LITTLE_ENDIAN);
        out.put(new byte[] {0x7F, 'E', 'L', 'F', 1, 1, 1, 0}).putLong(0);
        out.putShort((short) 2).putShort((short) 3).putInt(1);
        out.putInt(address).putInt(ELF_HEADER).putInt(0).putInt(0);
        out.putShort((short) ELF_HEADER).putShort((short) PROGRAM_HEADER).putShort((short) 1);
        out.putShort((short) 40).putShort((short) 0).putShort((short) 0);
        out.putInt(1).putInt(CODE_AT).putInt(address).putInt(address);
        out.putInt(code.length).putInt(code.length + bss).putInt(7).putInt(4096);
        out.putInt(MULTIBOOT_MAGIC).putInt(WANTS_MEMORY_MAP).putInt(-MULTIBOOT_MAGIC - WANTS_MEMORY_MAP);
        if (out.position() != ELF_HEADER + PROGRAM_HEADER + MULTIBOOT_HEADER) {
            throw new IllegalStateException("headers have " + out.position() + " bytes");
        }
        out.put(CODE_AT, code);
        return out.array();
    }
}
