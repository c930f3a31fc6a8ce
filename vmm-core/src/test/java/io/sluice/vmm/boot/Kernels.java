package io.sluice.vmm.boot;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.LZMAOutputStream;
import org.tukaani.xz.X86Options;
import org.tukaani.xz.XZOutputStream;

/// Small kernels of every kind, made here so that tests can break them.
final class Kernels {
    static final int LINUX_ADDRESS = 0x100_0000;
    static final int LINUX_INIT_SIZE = 0x20_0000;
    static final int KERNEL_OFFSET = 5 * 512;
    /// Where the payload lies in the protected-mode part.
    static final int PAYLOAD = 0x300;

    private static final Firmware FIRMWARE =
            Firmware.build(layout(), io.sluice.vmm.boot.acpi.AcpiConfig.board(1), List.of());

    private Kernels() {}

    static ByteBuffer le(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    static MemoryLayout layout() {
        return new MemoryLayout(64L << 20);
    }

    static BootConfig config(byte[] kernel) {
        return BootConfig.of(new BootFile("kernel.img", kernel), FIRMWARE);
    }

    /// A 64-bit ELF file that loads `code` at `address` and is entered at its first byte, with `bss` zeroed bytes.
    static byte[] elf64(long address, byte[] code, int bss, byte[] note) {
        int headers = note.length == 0 ? 1 : 2;
        int noteAt = 64 + 56 * headers;
        int codeAt = noteAt + note.length;
        var out = le(codeAt + code.length);
        out.put(new byte[] {0x7F, 'E', 'L', 'F', 2, 1, 1, 0}).putLong(0);
        out.putShort((short) 2).putShort((short) 62).putInt(1);
        out.putLong(address).putLong(64).putLong(0).putInt(0);
        out.putShort((short) 64).putShort((short) 56).putShort((short) headers);
        out.putShort((short) 0).putShort((short) 0).putShort((short) 0);
        out.putInt(1)
                .putInt(7)
                .putLong(codeAt)
                .putLong(0xFFFF_FFFF_8000_0000L + address)
                .putLong(address);
        out.putLong(code.length).putLong(code.length + bss).putLong(4096);
        if (note.length > 0) {
            out.putInt(4).putInt(4).putLong(noteAt).putLong(0).putLong(0);
            out.putLong(note.length).putLong(note.length).putLong(4);
            out.put(note);
        }
        return out.put(code).array();
    }

    static byte[] elf32(int address, byte[] code, int bss) {
        var out = le(84 + code.length);
        out.put(new byte[] {0x7F, 'E', 'L', 'F', 1, 1, 1, 0}).putLong(0);
        out.putShort((short) 2).putShort((short) 3).putInt(1);
        out.putInt(address).putInt(52).putInt(0).putInt(0);
        out.putShort((short) 52).putShort((short) 32).putShort((short) 1);
        out.putShort((short) 0).putShort((short) 0).putShort((short) 0);
        out.putInt(1).putInt(84).putInt(address).putInt(address);
        out.putInt(code.length).putInt(code.length + bss).putInt(7).putInt(4096);
        return out.put(code).array();
    }

    static byte[] pvhNote(int entry) {
        return le(20).putInt(4)
                .putInt(4)
                .putInt(18)
                .put(new byte[] {'X', 'e', 'n', 0})
                .putInt(entry)
                .array();
    }

    static byte[] multibootHeader(int flags) {
        return le(12).putInt(0x1BADB002)
                .putInt(flags)
                .putInt(-(0x1BADB002 + flags))
                .array();
    }

    /// A bzImage whose payload, as it is in the file, is `packed`.
    static byte[] linux(byte[] packed) {
        int kernel = PAYLOAD + packed.length + 15 & ~15;
        var out = le(KERNEL_OFFSET + kernel);
        out.put(0, (byte) 'M')
                .put(1, (byte) 'Z')
                .put(0x1F1, (byte) 4)
                .putInt(0x1F4, kernel / 16)
                .putShort(0x1FE, (short) 0xAA55);
        out.put(0x200, (byte) 0xEB)
                .put(0x201, (byte) 0x66)
                .putInt(0x202, 0x53726448)
                .putShort(0x206, (short) 0x20F);
        out.put(0x211, (byte) 1).putInt(0x22C, 0x7FFF_FFFF).putInt(0x230, 0x20_0000);
        out.put(0x234, (byte) 1).putShort(0x236, (short) 0x7F).putInt(0x238, 2047);
        out.putInt(0x248, PAYLOAD).putInt(0x24C, packed.length);
        out.putLong(0x258, LINUX_ADDRESS).putInt(0x260, LINUX_INIT_SIZE);
        out.put(KERNEL_OFFSET + PAYLOAD, packed);
        return out.array();
    }

    /// The payload's ELF kernel: 64 KiB that compress well.
    static byte[] linuxElf() {
        var code = new byte[65536];
        for (int i = 0; i < code.length; i++) {
            code[i] = (byte) (i / 97);
        }
        return elf64(LINUX_ADDRESS, code, 8192, new byte[0]);
    }

    static byte[] withSize(byte[] packed, int size) {
        return le(packed.length + 4).put(packed).putInt(size).array();
    }

    static byte[] gzip(byte[] plain) {
        return pack(out -> {
            try (var stream = new GZIPOutputStream(out)) {
                stream.write(plain);
            }
        });
    }

    static byte[] xzWithBcj(byte[] plain) {
        return pack(out -> {
            try (var stream = new XZOutputStream(
                    out, new org.tukaani.xz.FilterOptions[] {new X86Options(), new LZMA2Options(1)})) {
                stream.write(plain);
            }
        });
    }

    static byte[] lzma(byte[] plain) {
        return pack(out -> {
            try (var stream = new LZMAOutputStream(out, new LZMA2Options(1), -1)) {
                stream.write(plain);
            }
        });
    }

    static byte[] zstd(byte[] plain) {
        return com.github.luben.zstd.Zstd.compress(plain);
    }

    static byte[] legacyLz4(byte[] plain) {
        var block = net.jpountz.lz4.LZ4Factory.safeInstance().fastCompressor().compress(plain);
        return le(8 + block.length)
                .putInt(0x184C2102)
                .putInt(block.length)
                .put(block)
                .array();
    }

    private interface Packer {
        void to(ByteArrayOutputStream out) throws IOException;
    }

    private static byte[] pack(Packer packer) {
        var out = new ByteArrayOutputStream();
        try {
            packer.to(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }
}
