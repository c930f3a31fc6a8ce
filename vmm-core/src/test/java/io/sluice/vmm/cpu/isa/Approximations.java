package io.sluice.vmm.cpu.isa;

/// Reciprocals whose low bits each CPU chooses for itself: the manual bounds the relative error by 1.5 * 2^-12.
final class Approximations {
    private static final double TOLERANCE = 2 * 1.5 / 4096;

    private Approximations() {}

    /// Two floats each, equal within what the manual allows.
    static boolean isClose(Insn insn, long theirs, long ours) {
        return switch (insn.op) {
            case RCPPS, RCPSS, RSQRTPS, RSQRTSS ->
                isClose((int) theirs, (int) ours) && isClose((int) (theirs >>> 32), (int) (ours >>> 32));
            default -> false;
        };
    }

    private static boolean isClose(int theirs, int ours) {
        if (theirs == ours) {
            return true;
        }
        double a = Float.intBitsToFloat(theirs);
        double b = Float.intBitsToFloat(ours);
        return Double.isFinite(a) && Double.isFinite(b) && Math.abs(a - b) <= Math.abs(a) * TOLERANCE;
    }
}
