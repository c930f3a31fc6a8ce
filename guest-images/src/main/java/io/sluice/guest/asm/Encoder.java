package io.sluice.guest.asm;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Bytes, labels and the encoding of prefixes, ModRM and SIB; [Asm] names the instructions.
abstract sealed class Encoder permits Asm {
    /// A place to be filled when all labels are known.
    ///
    /// @param size 2, 4 or 8 bytes
    /// @param relativeTo offset that a relative address counts from, or -1 for an absolute address
    private record Fixup(int at, int size, String label, long addend, int relativeTo) {}

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final Map<String, Integer> labels = new HashMap<>();
    private final List<Fixup> fixups = new ArrayList<>();
    private final long origin;
    private int mode = 64;

    Encoder(long origin) {
        this.origin = origin;
    }

    final int mode() {
        return mode;
    }

    final void setMode(int bits) {
        mode = bits;
    }

    /// Offset of the next byte from the origin.
    public final int position() {
        return out.size();
    }

    /// Names the next byte's address.
    public final void label(String name) {
        if (labels.putIfAbsent(name, position()) != null) {
            throw new IllegalArgumentException("label is there twice: " + name);
        }
    }

    /// The address of a label, which must stand already.
    public final long addressOf(String name) {
        return origin + offsetOf(name);
    }

    private int offsetOf(String name) {
        var offset = labels.get(name);
        if (offset == null) {
            throw new IllegalArgumentException("no such label: " + name);
        }
        return offset;
    }

    /// Everything so far, labels filled in.
    public final byte[] assemble() {
        var code = out.toByteArray();
        for (var fixup : fixups) {
            long value = offsetOf(fixup.label()) + fixup.addend();
            value += fixup.relativeTo() < 0 ? origin : -fixup.relativeTo();
            for (int i = 0; i < fixup.size(); i++) {
                code[fixup.at() + i] = (byte) (value >> 8 * i);
            }
        }
        return code;
    }

    public final void db(int... values) {
        for (int value : values) {
            out.write(value);
        }
    }

    public final void db(byte[] values) {
        out.writeBytes(values);
    }

    public final void dw(int value) {
        number(value, 2);
    }

    public final void dd(long value) {
        number(value, 4);
    }

    public final void dq(long value) {
        number(value, 8);
    }

    /// The 32-bit address of a label.
    public final void ddLabel(String name) {
        fixup(4, name, 0, -1);
    }

    /// The 64-bit address of a label.
    public final void dqLabel(String name) {
        fixup(8, name, 0, -1);
    }

    /// Text with the zero byte that ends it.
    public final void text(String value) {
        out.writeBytes((value + "\0").getBytes(StandardCharsets.UTF_8));
    }

    /// Zero bytes up to a multiple of `bytes` from the origin.
    public final void align(int bytes) {
        while (position() % bytes != 0) {
            out.write(0);
        }
    }

    public final void space(int bytes) {
        out.writeBytes(new byte[bytes]);
    }

    final void number(long value, int bytes) {
        for (int i = 0; i < bytes; i++) {
            out.write((int) (value >> 8 * i));
        }
    }

    final void fixup(int size, String label, long addend, int relativeTo) {
        fixups.add(new Fixup(position(), size, label, addend, relativeTo));
        number(0, size);
    }

    /// A relative branch target that ends the instruction.
    final void relative(String label) {
        int size = mode == 16 ? 2 : 4;
        fixup(size, label, 0, position() + size);
    }

    /// Operand-size prefix, REX, opcode, ModRM, SIB, displacement.
    ///
    /// @param bits operand size; 0 for instructions that have none
    /// @param reg the register of ModRM.reg, or nothing if `digit` goes there
    /// @param after bytes of immediate that will follow
    final void encode(int bits, int[] opcode, @Nullable Reg reg, int digit, Operand rm, int after) {
        int number = reg == null ? digit : reg.number();
        prefixes(bits, opcode, number, reg, rm);
        switch (rm) {
            case Reg register -> modRm(3, number, register.number());
            case Mem memory -> memory(number, memory, after);
        }
    }

    private void prefixes(int bits, int[] opcode, int number, @Nullable Reg reg, Operand rm) {
        if (rm instanceof Mem memory && addressPrefix(memory)) {
            db(0x67);
        }
        if (mode == 16 ? bits == 32 : bits == 16) {
            db(0x66);
        }
        int mandatory = 0;
        while (mandatory < opcode.length - 1 && (opcode[mandatory] == 0xF3 || opcode[mandatory] == 0xF2)) {
            db(opcode[mandatory++]);
        }
        int rex = bits == 64 ? 8 : 0;
        rex |= number >= 8 ? 4 : 0;
        boolean bare = reg != null && reg.needsRex();
        switch (rm) {
            case Reg register -> {
                rex |= register.number() >= 8 ? 1 : 0;
                bare |= register.needsRex();
            }
            case Mem memory -> {
                rex |= memory.index() != null && memory.index().number() >= 8 ? 2 : 0;
                rex |= memory.base() != null && memory.base().number() >= 8 ? 1 : 0;
            }
        }
        rex(rex, bare, reg, rm);
        db(Arrays.copyOfRange(opcode, mandatory, opcode.length));
    }

    private void rex(int rex, boolean bare, @Nullable Reg reg, Operand rm) {
        if (rex == 0 && !bare) {
            return;
        }
        if (mode != 64) {
            throw new IllegalArgumentException("only 64-bit mode has this: " + reg + ", " + rm);
        }
        if (isHighByte(reg) || rm instanceof Reg register && isHighByte(register)) {
            throw new IllegalArgumentException("no high byte register together with REX: " + reg + ", " + rm);
        }
        db(0x40 | rex);
    }

    private static boolean isHighByte(@Nullable Reg reg) {
        return reg != null && reg.kind() == Reg.Kind.HIGH_BYTE;
    }

    /// In 16-bit code all addresses are the 32-bit form.
    private boolean addressPrefix(Mem memory) {
        var any = memory.base() == null ? memory.index() : memory.base();
        int bits = any == null ? 0 : any.bits();
        if (bits == 16 || bits == 8 || bits == 64 && mode != 64) {
            throw new IllegalArgumentException("no address in " + mode + "-bit code: " + memory);
        }
        return mode == 16 || mode == 64 && bits == 32;
    }

    private void modRm(int mod, int reg, int rm) {
        db(mod << 6 | (reg & 7) << 3 | rm & 7);
    }

    private void memory(int reg, Mem memory, int after) {
        var base = memory.base();
        var index = memory.index();
        if (memory.label() != null) {
            modRm(0, reg, 5);
            fixup(4, memory.label(), memory.displacement(), mode == 64 ? position() + 4 + after : -1);
            return;
        }
        long displacement = memory.displacement();
        if ((int) displacement != displacement && (mode == 64 || displacement >>> 32 != 0)) {
            throw new IllegalArgumentException("displacement has more than 32 bits: " + memory);
        }
        boolean plain = base == null && index == null;
        if (plain && mode != 64) {
            modRm(0, reg, 5);
            number(displacement, 4);
            return;
        }
        // RBP and R13 as base have no form without displacement.
        int mod = base == null || displacement == 0 && (base.number() & 7) != 5
                ? 0
                : (byte) displacement == displacement ? 1 : 2;
        if (index != null || base == null || (base.number() & 7) == 4) {
            modRm(mod, reg, 4);
            modRm(
                    Integer.numberOfTrailingZeros(memory.scale()),
                    index == null ? 4 : index.number(),
                    base == null ? 5 : base.number());
        } else {
            modRm(mod, reg, base.number());
        }
        number(displacement, mod == 1 ? 1 : mod == 2 || base == null ? 4 : 0);
    }
}
