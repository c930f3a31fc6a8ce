package io.sluice.vmm.cpu.isa;

/// Every operand that can occur, made once: decoding allocates only the array that holds them.
final class Operands {
    private static final int REGISTERS = 16;
    private static final int[] LARGE = {28, 64, 94, 108, 512};
    private static final int SIZES = 17 + LARGE.length;
    private static final Operand[] ALL = make();

    private Operands() {}

    static Operand of(Operand.Kind kind, int number, int size) {
        return ALL[(kind.ordinal() * REGISTERS + number) * SIZES + sizeIndex(size)];
    }

    private static int sizeIndex(int size) {
        if (size <= 16) {
            return size;
        }
        int i = 0;
        while (LARGE[i] != size) {
            i++;
        }
        return 17 + i;
    }

    private static Operand[] make() {
        Operand.Kind[] kinds = Operand.Kind.values();
        var all = new Operand[kinds.length * REGISTERS * SIZES];
        int next = 0;
        for (Operand.Kind kind : kinds) {
            for (int number = 0; number < REGISTERS; number++) {
                for (int size = 0; size < SIZES; size++) {
                    all[next++] = new Operand(kind, number, size <= 16 ? size : LARGE[size - 17]);
                }
            }
        }
        return all;
    }
}
