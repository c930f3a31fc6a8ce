package io.sluice.vmm.cpu.state;

/// The arithmetic flags of translated code: which operation was the last to set them, and its operands. What nobody
/// asks for is never computed.
///
/// A kind and two longs, in locals of the translated method, and between two of them in [CpuState#lazyKind],
/// [CpuState#lazyResult] and [CpuState#lazyAux]:
/// - [#PAIR]: the result and the word beside it, as [CpuState] says
/// - [#ADD] or [#SUB] + size (0 to 3 for 1 to 8 bytes): the longs are the operands; their higher bits do not count
public final class ConditionCodes {
    public static final int PAIR = 0;
    public static final int ADD = 1;
    public static final int SUB = 5;

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

    /// As [CpuState#lazyResult] has it.
    public static long result(int kind, long a, long b) {
        return switch (kind) {
            case PAIR -> a;
            case ADD -> (byte) (a + b);
            case ADD + 1 -> (short) (a + b);
            case ADD + 2 -> (int) (a + b);
            case ADD + 3 -> a + b;
            case SUB -> (byte) (a - b);
            case SUB + 1 -> (short) (a - b);
            case SUB + 2 -> (int) (a - b);
            default -> a - b;
        };
    }

    /// As [CpuState#lazyAux] has it.
    public static long aux(int kind, long a, long b) {
        if (kind == PAIR) {
            return b;
        }
        boolean adds = kind < SUB;
        long carries = adds ? a & b | (a | b) & ~(a + b) : ~a & b | (~a | b) & a - b;
        int size = kind - (adds ? ADD : SUB);
        return carries << 64 - (8 << size) & TOP | carries & AF;
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

    // ---- the second long of a pair, for operations that are neither additions nor subtractions

    /// Of INC: CF stays.
    public static long increment(long before, long old, int size) {
        return keepCarry(before, aux(ADD + sizeCode(size), old, 1));
    }

    /// Of DEC: CF stays.
    public static long decrement(long before, long old, int size) {
        return keepCarry(before, aux(SUB + sizeCode(size), old, 1));
    }

    private static long keepCarry(long before, long aux) {
        long carry = before & CF;
        long overflow = (aux ^ aux << 1) & CF;
        return carry | (carry ^ overflow) >>> 1 | aux & AF;
    }

    /// Of SHL of an operand of 4 or 8 bytes by 1 to one bit less than it has; `old` is zero-extended.
    public static long shiftLeft(long old, int count, int size) {
        boolean carry = bit(old, 8 * size - count);
        return aux(carry, bit(old << count, 8 * size - 1) != carry);
    }

    /// Of SHR, likewise.
    public static long shiftRight(long old, int count, int size) {
        return aux(bit(old, count - 1), bit(old, 8 * size - 1));
    }

    /// Of SAR, likewise.
    public static long shiftArithmetically(long old, int count, int size) {
        return aux(bit(extend(size, old) >> count - 1, 0), false);
    }

    /// Of IMUL: whether the product of two sign-extended operands needs more than `size` bytes.
    public static long multiply(long a, long b, int size) {
        long product = a * b;
        boolean wide = size == 8 ? Math.multiplyHigh(a, b) != product >> 63 : product != extend(size, product);
        return aux(wide, wide);
    }

    /// Of BT: CF is bit `number` of `value`, the others stay.
    public static long bitTest(long before, long value, long number) {
        boolean overflow = (before ^ before << 1) < 0;
        return before & ~TOP | aux(bit(value, (int) number), overflow);
    }
}
