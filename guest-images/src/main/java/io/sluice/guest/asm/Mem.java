package io.sluice.guest.asm;

import org.jspecify.annotations.Nullable;

/// A place in memory: `[base + index * scale + displacement]`, or a label.
///
/// @param bits size of the operand, 0 where a register or the instruction says it
/// @param label where set, the address is the label's plus the displacement (relative to RIP in 64-bit mode)
public record Mem(
        @Nullable Reg base,
        @Nullable Reg index,
        int scale,
        long displacement,
        @Nullable String label,
        int bits) implements Operand {
    public Mem {
        if (scale != 1 && scale != 2 && scale != 4 && scale != 8) {
            throw new IllegalArgumentException("no such scale: " + scale);
        }
        if (index != null && index.number() == 4) {
            throw new IllegalArgumentException("the stack pointer is no index");
        }
    }

    public static Mem at(Reg base) {
        return at(base, 0);
    }

    public static Mem at(Reg base, long displacement) {
        return new Mem(base, null, 1, displacement, null, 0);
    }

    public static Mem at(Reg base, Reg index, int scale, long displacement) {
        return new Mem(base, index, scale, displacement, null, 0);
    }

    public static Mem absolute(long address) {
        return new Mem(null, null, 1, address, null, 0);
    }

    public static Mem label(String name) {
        return new Mem(null, null, 1, 0, name, 0);
    }

    public Mem plus(long bytes) {
        return new Mem(base, index, scale, displacement + bytes, label, bits);
    }

    public Mem bytes1() {
        return sized(8);
    }

    public Mem bytes2() {
        return sized(16);
    }

    public Mem bytes4() {
        return sized(32);
    }

    public Mem bytes8() {
        return sized(64);
    }

    private Mem sized(int size) {
        return new Mem(base, index, scale, displacement, label, size);
    }
}
