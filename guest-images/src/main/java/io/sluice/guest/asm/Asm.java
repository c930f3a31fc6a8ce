package io.sluice.guest.asm;

import org.jspecify.annotations.Nullable;

/// An assembler: each method appends one instruction, destination first as in the manual.
///
/// ```java
/// var a = new Asm(0x7C00);
/// a.bits16();
/// a.mov(Reg.AX, 0x0E41);
/// a.intr(0x10);
/// a.label("end");
/// a.jmp("end");
/// byte[] code = a.assemble();
/// ```
///
/// Branches always take the near form. In 16-bit code memory operands take the 32-bit address form.
public final class Asm extends Encoder {
    /// @param origin address of the first byte
    public Asm(long origin) {
        super(origin);
    }

    public void bits16() {
        setMode(16);
    }

    public void bits32() {
        setMode(32);
    }

    public void bits64() {
        setMode(64);
    }

    // Moves.

    public void mov(Operand target, Operand source) {
        if (target instanceof Reg reg && reg.kind() != Reg.Kind.GENERAL && reg.kind() != Reg.Kind.HIGH_BYTE) {
            movToSpecial(reg, source);
        } else if (source instanceof Reg reg && reg.kind() != Reg.Kind.GENERAL && reg.kind() != Reg.Kind.HIGH_BYTE) {
            movFromSpecial(target, reg);
        } else {
            twoWay(0x88, target, source);
        }
    }

    private void movToSpecial(Reg target, Operand source) {
        switch (target.kind()) {
            case SEGMENT -> encode(0, op(0x8E), target, 0, source, 0);
            case CONTROL -> encode(0, op(0x0F, 0x22), target, 0, source, 0);
            case DEBUG -> encode(0, op(0x0F, 0x23), target, 0, source, 0);
            case GENERAL, HIGH_BYTE -> throw new IllegalStateException("not special: " + target);
        }
    }

    private void movFromSpecial(Operand target, Reg source) {
        switch (source.kind()) {
            case SEGMENT -> encode(0, op(0x8C), source, 0, target, 0);
            case CONTROL -> encode(0, op(0x0F, 0x20), source, 0, target, 0);
            case DEBUG -> encode(0, op(0x0F, 0x21), source, 0, target, 0);
            case GENERAL, HIGH_BYTE -> throw new IllegalStateException("not special: " + source);
        }
    }

    /// A 64-bit register takes the sign-extended 32-bit form where that is enough.
    public void mov(Operand target, long value) {
        int bits = bits(target);
        if (target instanceof Reg reg && (bits < 64 || (int) value != value)) {
            prefixed(bits, bits == 8 ? 0xB0 : 0xB8, reg);
            number(value, bits / 8);
            return;
        }
        encode(bits, op(bits == 8 ? 0xC6 : 0xC7), null, 0, target, immediateBytes(bits));
        number(value, immediateBytes(bits));
    }

    /// The address of a label into a register, 32 or 64 bits wide.
    public void movLabel(Reg target, String name) {
        prefixed(target.bits(), 0xB8, target);
        fixup(target.bits() / 8, name, 0, -1);
    }

    public void movzx(Reg target, Operand source) {
        encode(target.bits(), op(0x0F, bits(source) == 8 ? 0xB6 : 0xB7), target, 0, source, 0);
    }

    public void movsx(Reg target, Operand source) {
        if (bits(source) == 32) {
            encode(target.bits(), op(0x63), target, 0, source, 0);
        } else {
            encode(target.bits(), op(0x0F, bits(source) == 8 ? 0xBE : 0xBF), target, 0, source, 0);
        }
    }

    public void lea(Reg target, Mem source) {
        encode(target.bits(), op(0x8D), target, 0, source, 0);
    }

    public void cmov(Condition condition, Reg target, Operand source) {
        encode(target.bits(), op(0x0F, 0x40 | condition.code()), target, 0, source, 0);
    }

    public void xchg(Operand target, Reg source) {
        encode(source.bits(), sized(0x86, source.bits()), source, 0, target, 0);
    }

    public void cmpxchg(Operand target, Reg source) {
        encode(source.bits(), op(0x0F, source.bits() == 8 ? 0xB0 : 0xB1), source, 0, target, 0);
    }

    public void xadd(Operand target, Reg source) {
        encode(source.bits(), op(0x0F, source.bits() == 8 ? 0xC0 : 0xC1), source, 0, target, 0);
    }

    public void bswap(Reg target) {
        int rex = (target.bits() == 64 ? 8 : 0) | target.number() >> 3;
        db(rex == 0 ? new byte[0] : new byte[] {(byte) (0x40 | rex)});
        db(0x0F, 0xC8 | target.number() & 7);
    }

    // Arithmetic.

    public void add(Operand target, Operand source) {
        twoWay(0x00, target, source);
    }

    public void add(Operand target, long value) {
        immediate(0, target, value);
    }

    public void or(Operand target, Operand source) {
        twoWay(0x08, target, source);
    }

    public void or(Operand target, long value) {
        immediate(1, target, value);
    }

    public void adc(Operand target, Operand source) {
        twoWay(0x10, target, source);
    }

    public void adc(Operand target, long value) {
        immediate(2, target, value);
    }

    public void sbb(Operand target, Operand source) {
        twoWay(0x18, target, source);
    }

    public void sbb(Operand target, long value) {
        immediate(3, target, value);
    }

    public void and(Operand target, Operand source) {
        twoWay(0x20, target, source);
    }

    public void and(Operand target, long value) {
        immediate(4, target, value);
    }

    public void sub(Operand target, Operand source) {
        twoWay(0x28, target, source);
    }

    public void sub(Operand target, long value) {
        immediate(5, target, value);
    }

    public void xor(Operand target, Operand source) {
        twoWay(0x30, target, source);
    }

    public void xor(Operand target, long value) {
        immediate(6, target, value);
    }

    public void cmp(Operand target, Operand source) {
        twoWay(0x38, target, source);
    }

    public void cmp(Operand target, long value) {
        immediate(7, target, value);
    }

    public void test(Operand target, Reg source) {
        encode(source.bits(), sized(0x84, source.bits()), source, 0, target, 0);
    }

    public void test(Operand target, long value) {
        unary(0xF6, 0, target, immediateBytes(bits(target)));
        number(value, immediateBytes(bits(target)));
    }

    public void inc(Operand target) {
        unary(0xFE, 0, target, 0);
    }

    public void dec(Operand target) {
        unary(0xFE, 1, target, 0);
    }

    public void not(Operand target) {
        unary(0xF6, 2, target, 0);
    }

    public void neg(Operand target) {
        unary(0xF6, 3, target, 0);
    }

    public void mul(Operand source) {
        unary(0xF6, 4, source, 0);
    }

    public void imul(Operand source) {
        unary(0xF6, 5, source, 0);
    }

    public void imul(Reg target, Operand source) {
        encode(target.bits(), op(0x0F, 0xAF), target, 0, source, 0);
    }

    public void div(Operand source) {
        unary(0xF6, 6, source, 0);
    }

    public void idiv(Operand source) {
        unary(0xF6, 7, source, 0);
    }

    public void rol(Operand target, int count) {
        shift(0, target, count);
    }

    public void ror(Operand target, int count) {
        shift(1, target, count);
    }

    public void shl(Operand target, int count) {
        shift(4, target, count);
    }

    public void shr(Operand target, int count) {
        shift(5, target, count);
    }

    public void sar(Operand target, int count) {
        shift(7, target, count);
    }

    public void shlCl(Operand target) {
        unary(0xD2, 4, target, 0);
    }

    public void shrCl(Operand target) {
        unary(0xD2, 5, target, 0);
    }

    public void bt(Operand target, int bit) {
        bitTest(4, target, bit);
    }

    public void bts(Operand target, int bit) {
        bitTest(5, target, bit);
    }

    public void btr(Operand target, int bit) {
        bitTest(6, target, bit);
    }

    public void bsf(Reg target, Operand source) {
        encode(target.bits(), op(0x0F, 0xBC), target, 0, source, 0);
    }

    public void bsr(Reg target, Operand source) {
        encode(target.bits(), op(0x0F, 0xBD), target, 0, source, 0);
    }

    public void set(Condition condition, Operand target) {
        encode(8, op(0x0F, 0x90 | condition.code()), null, 0, target, 0);
    }

    // Control.

    public void push(Reg source) {
        prefixed(source.bits() == 64 ? 0 : source.bits(), 0x50, source);
    }

    public void push(long value) {
        db(0x68);
        number(value, mode() == 16 ? 2 : 4);
    }

    public void pop(Reg target) {
        prefixed(target.bits() == 64 ? 0 : target.bits(), 0x58, target);
    }

    public void jmp(String label) {
        db(0xE9);
        relative(label);
    }

    public void jmp(Operand target) {
        encode(0, op(0xFF), null, 4, target, 0);
    }

    public void j(Condition condition, String label) {
        db(0x0F, 0x80 | condition.code());
        relative(label);
    }

    public void call(String label) {
        db(0xE8);
        relative(label);
    }

    public void call(Operand target) {
        encode(0, op(0xFF), null, 2, target, 0);
    }

    /// Far jump to a label with a 32-bit offset; not in 64-bit code.
    public void jmpFar(int selector, String label) {
        if (mode() == 64) {
            throw new IllegalArgumentException("64-bit code has no direct far jump");
        }
        if (mode() == 16) {
            db(0x66);
        }
        db(0xEA);
        fixup(4, label, 0, -1);
        dw(selector);
    }

    /// Far return to what was pushed, 64-bit form.
    public void retf() {
        db(mode() == 64 ? new byte[] {0x48, (byte) 0xCB} : new byte[] {(byte) 0xCB});
    }

    public void ret() {
        db(0xC3);
    }

    /// Return from interrupt with the operand size of the mode.
    public void iret() {
        db(mode() == 64 ? new byte[] {0x48, (byte) 0xCF} : new byte[] {(byte) 0xCF});
    }

    public void intr(int vector) {
        db(0xCD, vector);
    }

    // Ports: AL, AX or EAX; the port in DX or an immediate byte.

    public void in(Reg target, int port) {
        accumulator(0xE4, target);
        db(port);
    }

    public void inDx(Reg target) {
        accumulator(0xEC, target);
    }

    public void out(int port, Reg source) {
        accumulator(0xE6, source);
        db(port);
    }

    public void outDx(Reg source) {
        accumulator(0xEE, source);
    }

    // System.

    public void lgdt(Mem table) {
        encode(0, op(0x0F, 0x01), null, 2, table, 0);
    }

    public void lidt(Mem table) {
        encode(0, op(0x0F, 0x01), null, 3, table, 0);
    }

    public void invlpg(Mem page) {
        encode(0, op(0x0F, 0x01), null, 7, page, 0);
    }

    public void lldt(Operand selector) {
        encode(0, op(0x0F, 0x00), null, 2, selector, 0);
    }

    public void ltr(Operand selector) {
        encode(0, op(0x0F, 0x00), null, 3, selector, 0);
    }

    public void fxsave(Mem area) {
        encode(0, op(0x0F, 0xAE), null, 0, area, 0);
    }

    public void fxrstor(Mem area) {
        encode(0, op(0x0F, 0xAE), null, 1, area, 0);
    }

    public void clflush(Mem line) {
        encode(0, op(0x0F, 0xAE), null, 7, line, 0);
    }

    /// ENQCMD: 64 bytes at `source` to the address in `target`, kept at 64-byte alignment.
    public void enqcmd(Reg target, Mem source) {
        encode(0, op(0xF2, 0x0F, 0x38, 0xF8), target, 0, source, 0);
    }

    public void enqcmds(Reg target, Mem source) {
        encode(0, op(0xF3, 0x0F, 0x38, 0xF8), target, 0, source, 0);
    }

    /// Instructions without operands.
    public void plain(Plain instruction) {
        db(instruction.bytes());
    }

    // Encoding forms.

    private static int[] op(int... bytes) {
        return bytes;
    }

    private static int[] sized(int opcode, int bits) {
        return new int[] {bits == 8 ? opcode : opcode | 1};
    }

    private static int immediateBytes(int bits) {
        return Math.min(bits, 32) / 8;
    }

    private static int bits(Operand operand) {
        int bits = switch (operand) {
            case Reg reg -> reg.bits();
            case Mem memory -> memory.bits();
        };
        if (bits == 0) {
            throw new IllegalArgumentException("the operand needs a size: " + operand);
        }
        return bits;
    }

    /// `opcode` is the form `r/m8, r8`; +1 for larger sizes, +2 for the other direction.
    private void twoWay(int opcode, Operand target, Operand source) {
        if (source instanceof Reg reg) {
            encode(reg.bits(), sized(opcode, reg.bits()), reg, 0, target, 0);
        } else if (target instanceof Reg reg) {
            encode(reg.bits(), sized(opcode | 2, reg.bits()), reg, 0, source, 0);
        } else {
            throw new IllegalArgumentException("one operand is a register: " + target + ", " + source);
        }
    }

    private void immediate(int digit, Operand target, long value) {
        int bits = bits(target);
        int opcode = bits == 8 ? 0x80 : (byte) value == value ? 0x83 : 0x81;
        int bytes = opcode == 0x81 ? immediateBytes(bits) : 1;
        if (bits == 64 && (int) value != value) {
            throw new IllegalArgumentException("no immediate of 64 bits: 0x" + Long.toHexString(value));
        }
        encode(bits, op(opcode), null, digit, target, bytes);
        number(value, bytes);
    }

    private void unary(int opcode, int digit, Operand target, int after) {
        encode(bits(target), sized(opcode, bits(target)), null, digit, target, after);
    }

    private void shift(int digit, Operand target, int count) {
        unary(0xC0, digit, target, 1);
        db(count);
    }

    private void bitTest(int digit, Operand target, int bit) {
        encode(bits(target), op(0x0F, 0xBA), null, digit, target, 1);
        db(bit);
    }

    /// The register is in the opcode's low bits.
    private void prefixed(int bits, int opcode, Reg reg) {
        if (mode() == 16 ? bits == 32 : bits == 16) {
            db(0x66);
        }
        int rex = (bits == 64 ? 8 : 0) | reg.number() >> 3;
        if (rex != 0 || reg.needsRex()) {
            if (mode() != 64) {
                throw new IllegalArgumentException("only 64-bit mode has " + reg);
            }
            db(0x40 | rex);
        }
        db(opcode | reg.number() & 7);
    }

    private void accumulator(int opcode, @Nullable Reg reg) {
        if (reg != Reg.AL && reg != Reg.AX && reg != Reg.EAX) {
            throw new IllegalArgumentException("ports go through AL, AX or EAX, not " + reg);
        }
        if (mode() == 16 ? reg == Reg.EAX : reg == Reg.AX) {
            db(0x66);
        }
        db(reg == Reg.AL ? opcode : opcode | 1);
    }
}
