package io.sluice.vmm.control;

import io.sluice.vmm.cpu.isa.Decoder;
import io.sluice.vmm.cpu.isa.Disassembler;
import io.sluice.vmm.cpu.isa.Insn;
import java.util.Locale;

/// `x` and `xp`: dumps of memory as numbers, characters or instructions; and `sum`.
final class HumanMemory {
    private static final String DENIED = " Cannot access memory";
    private static final int SPLIT = 8;
    private static final int CHUNK = 1 << 16;
    /// What one `sum` adds up at most: about a tenth of a second.
    private static final long LONGEST_SUM = 256L << 20;

    /// Where the bytes come from; `false` if one of them cannot be had.
    interface Source {
        boolean read(long address, byte[] target, int length);
    }

    private final Source source;
    private final HumanText out;

    HumanMemory(Source source, HumanText out) {
        this.source = source;
        this.out = out;
    }

    /// Numbers or characters, eight or sixteen bytes a line.
    void dump(long from, HumanFormat format) {
        int lineBytes = format.size() == 1 ? 8 : 16;
        int item = format.kind() == 'c' ? 1 : format.size();
        var bytes = new byte[16];
        long address = from;
        for (long left = (long) format.count() * format.size(); left > 0 && !out.isFull(); left -= lineBytes) {
            int length = (int) Math.min(left, lineBytes);
            out.print("%016x:", address);
            if (!source.read(address, bytes, length)) {
                out.line(DENIED);
                return;
            }
            for (int i = 0; i < length; i += item) {
                out.add(" ").add(format.inColumn(value(bytes, i, item)));
            }
            out.add("\n");
            address += length;
        }
    }

    private static long value(byte[] bytes, int at, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (bytes[at + i] & 0xFFL) << 8 * i;
        }
        return value;
    }

    /// Instructions.
    ///
    /// @param mode 16, 32 or 64
    void disassemble(long from, int count, int mode) {
        var decoder = new Decoder();
        var bytes = new byte[Decoder.MAX_LENGTH];
        long address = from;
        for (int i = 0; i < count && !out.isFull(); i++) {
            int available = available(address, bytes);
            var insn = new Insn();
            int length = available == 0 ? Decoder.NEED_MORE : decoder.decode(bytes, 0, available, mode, insn);
            if (length == Decoder.NEED_MORE) {
                out.print("0x%08x: unable to read memory\n", address);
                return;
            }
            boolean bad = length <= 0;
            int shown = bad ? 1 : length;
            instruction(address, bytes, shown, bad ? "(bad)" : Disassembler.format(insn, address));
            address += shown;
        }
    }

    /// How many bytes from `address` on can be read, up to the longest instruction.
    private int available(long address, byte[] bytes) {
        var one = new byte[1];
        if (source.read(address, bytes, bytes.length)) {
            return bytes.length;
        }
        int count = 0;
        while (count < bytes.length && source.read(address + count, one, 1)) {
            bytes[count++] = one[0];
        }
        return count;
    }

    private void instruction(long address, byte[] bytes, int length, String text) {
        out.print("0x%08x: ", address);
        int first = Math.min(length, SPLIT);
        hex(bytes, 0, first);
        out.add("   ".repeat(SPLIT - first)).print("  %s\n", inColumns(text));
        if (length > SPLIT) {
            out.print("0x%08x: ", address + SPLIT);
            hex(bytes, SPLIT, length);
            out.add("\n");
        }
    }

    private void hex(byte[] bytes, int from, int to) {
        for (int i = from; i < to; i++) {
            out.print(" %02x", bytes[i] & 0xFF);
        }
    }

    /// Mnemonic, with a prefix that belongs to it, and operands.
    private static String inColumns(String text) {
        int start = text.startsWith("lock ") || text.startsWith("rep") ? text.indexOf(' ') + 1 : 0;
        int space = text.indexOf(' ', start);
        return space < 0
                ? String.format(Locale.ROOT, "%-8s ", text)
                : String.format(Locale.ROOT, "%-8s %s", text.substring(0, space), text.substring(space + 1));
    }

    /// The checksum of BSD's `sum`.
    void sum(long from, long length) {
        if (length > LONGEST_SUM) {
            out.print("at most %d bytes at a time\n", LONGEST_SUM);
            return;
        }
        var bytes = new byte[CHUNK];
        int sum = 0;
        for (long done = 0; done < length; done += CHUNK) {
            int chunk = (int) Math.min(CHUNK, length - done);
            if (!source.read(from + done, bytes, chunk)) {
                out.line("Cannot access memory");
                return;
            }
            for (int i = 0; i < chunk; i++) {
                sum = (sum >> 1 | (sum & 1) << 15) + (bytes[i] & 0xFF) & 0xFFFF;
            }
        }
        out.print("%05d\n", sum);
    }
}
