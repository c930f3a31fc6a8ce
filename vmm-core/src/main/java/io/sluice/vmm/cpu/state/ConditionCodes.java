package io.sluice.vmm.cpu.state;

/// The arithmetic flags of translated code: which operation was the last to set them, and its operands. What nobody
/// asks for is never computed.
///
/// A kind and two longs, in locals of the translated method, and between two of them in [CpuState#lazyKind],
/// [CpuState#lazyResult] and [CpuState#lazyAux]:
/// - [#PAIR]: the result and the word beside it, as [CpuState] says
/// - [#ADD] or [#SUB] + size (0 to 3 for 1 to 8 bytes): the longs are the operands; their higher bits do not count
/// - [#INC] or [#DEC] + size: the operand, and what stays of the flags before: CF as bit 63, nothing else
/// - [#SHL], [#SHR] or [#SAR] + size (2 or 3): the operand, zero-extended, and how far, from 1 to a bit less than it
/// has
/// - [#IMUL] + size (2 or 3): the operands, sign-extended
public final class ConditionCodes {
    public static final int PAIR = 0;
    public static final int ADD = 1;
    public static final int SUB = 5;
    public static final int INC = 9;
    public static final int DEC = 13;
    public static final int SHL = 17;
    public static final int SHR = 21;
    public static final int SAR = 25;
    public static final int IMUL = 29;

    private static final long CF = 1L << 63;
    private static final long CF_OF = 1L << 62;
    private static final long TOP = CF | CF_OF;
    private static final long AF = 8;

    private ConditionCodes() {}

    /// 0 to 3 for 1, 2, 4 or 8 bytes.
    public static int sizeCode(int size) {
        return Integer.numberOfTrailingZeros(size);
    }

    public static long extend(int size, long value) {
        return switch (size) {
            case 1 -> (byte) value;
            case 2 -> (short) value;
            case 4 -> (int) value;
            default -> value;
        };
    }

    private static int size(int kind) {
        return 1 << (kind - 1 & 3);
    }

    /// As [CpuState#lazyResult] has it.
    public static long result(int kind, long a, long b) {
        if (kind == PAIR) {
            return a;
        }
        int size = size(kind);
        return switch (kind - 1 & ~3) {
            case ADD - 1 -> extend(size, a + b);
            case SUB - 1 -> extend(size, a - b);
            case INC - 1 -> extend(size, a + 1);
            case DEC - 1 -> extend(size, a - 1);
            case SHL - 1 -> extend(size, a << b);
            case SHR - 1 -> extend(size, a >>> b);
            case SAR - 1 -> extend(size, a) >> b;
            default -> extend(size, a * b);
        };
    }

    /// As [CpuState#lazyAux] has it.
    public static long aux(int kind, long a, long b) {
        if (kind == PAIR) {
            return b;
        }
        int size = size(kind);
        return switch (kind - 1 & ~3) {
            case ADD - 1 -> ofSum(a, b, a + b, size);
            case SUB - 1 -> ofDifference(a, b, a - b, size);
            case INC - 1 -> keepCarry(b, ofSum(a, 1, a + 1, size));
            case DEC - 1 -> keepCarry(b, ofDifference(a, 1, a - 1, size));
            case SHL - 1 -> shiftLeft(a, (int) b, size);
            case SHR - 1 -> aux(bit(a, (int) b - 1), bit(a, 8 * size - 1));
            case SAR - 1 -> aux(bit(extend(size, a) >> b - 1, 0), false);
            default -> multiply(a, b, size);
        };
    }

    /// CF as bit 63, and nothing else.
    public static long carry(int kind, long a, long b) {
        return aux(kind, a, b) & CF;
    }

    /// The word beside the result of an addition, with whatever carry there was into it.
    public static long ofSum(long a, long b, long result, int size) {
        return places(a & b | (a | b) & ~result, size);
    }

    /// The word beside the result of a subtraction, with whatever borrow there was into it.
    public static long ofDifference(long a, long b, long result, int size) {
        return places(~a & b | (~a | b) & result, size);
    }

    private static long places(long carries, int size) {
        return carries << 64 - 8 * size & TOP | carries & AF;
    }

    /// The condition whose number stands in the low four bits of Jcc, SETcc and CMOVcc.
    public static boolean test(int kind, long a, long b, int condition) {
        long result = result(kind, a, b);
        long aux = aux(kind, a, b);
        boolean carry = aux < 0;
        boolean zero = result == 0;
        boolean sign = ((result >>> 63) ^ (aux & 1)) != 0;
        boolean overflow = (aux ^ aux << 1) < 0;
        boolean holds = switch (condition >> 1) {
            case 0 -> overflow;
            case 1 -> carry;
            case 2 -> zero;
            case 3 -> carry || zero;
            case 4 -> sign;
            case 5 -> (Integer.bitCount((int) (result ^ aux >>> 8) & 0xFF) & 1) == 0;
            case 6 -> sign != overflow;
            default -> zero || sign != overflow;
        };
        return holds != ((condition & 1) != 0);
    }

    private static long aux(boolean carry, boolean overflow) {
        return (carry ? CF : 0) | (carry != overflow ? CF_OF : 0);
    }

    private static boolean bit(long value, int number) {
        return (value >>> number & 1) != 0;
    }

    private static long keepCarry(long before, long aux) {
        long carry = before & CF;
        long overflow = (aux ^ aux << 1) & CF;
        return carry | (carry ^ overflow) >>> 1 | aux & AF;
    }

    private static long shiftLeft(long old, int count, int size) {
        boolean carry = bit(old, 8 * size - count);
        return aux(carry, bit(old << count, 8 * size - 1) != carry);
    }

    /// Whether the product needs more than `size` bytes.
    private static long multiply(long a, long b, int size) {
        long product = a * b;
        boolean wide = size == 8 ? Math.multiplyHigh(a, b) != product >> 63 : product != extend(size, product);
        return aux(wide, wide);
    }

    /// The word beside the result after BT and its kin: CF is bit `number` of `value`, the others stay.
    public static long bitTest(long before, long value, long number) {
        boolean overflow = (before ^ before << 1) < 0;
        return before & ~TOP | aux(bit(value, (int) number), overflow);
    }

    /// The word beside the result after ROL or ROR: CF is the bit of `value` that was carried round, the others but OF
    /// stay.
    ///
    /// @param left 1 for ROL, 0 for ROR
    public static long rotate(long before, long value, long left, int size) {
        int top = 8 * size - 1;
        boolean carry = bit(value, left != 0 ? 0 : top);
        boolean overflow = bit(value, top) != bit(value, left != 0 ? 0 : top - 1);
        return before & ~TOP | aux(carry, overflow);
    }
}
