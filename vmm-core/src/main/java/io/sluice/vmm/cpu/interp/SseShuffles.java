package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Operand;
import io.sluice.vmm.cpu.state.CpuState;
import io.sluice.vmm.cpu.state.FpuState;
import org.jspecify.annotations.Nullable;

/// SSE operations that move lanes about: shuffles, blends, alignment, extension, PTEST, MPSADBW, PHMINPOSUW.
final class SseShuffles {
    /// From target and source to target; `imm` is the instruction's, zero-extended. Captures nothing.
    @FunctionalInterface
    private interface Shuffle {
        void apply(long[] x, int target, int source, int imm);
    }

    private SseShuffles() {}

    static @Nullable MicroOp create(Insn insn) {
        if (insn.op == io.sluice.vmm.cpu.isa.Op.PTEST) {
            return SseMemory.withSource(insn, new Test(2 * insn.operand(0).number(), SseMemory.slot(insn, 1)));
        }
        if (insn.operands.length < 2 || insn.operand(0).kind() != Operand.Kind.XMM) {
            return null;
        }
        Shuffle shuffle = shuffle(insn);
        if (shuffle == null) {
            return null;
        }
        int target = 2 * insn.operand(0).number();
        int source = SseMemory.slot(insn, 1);
        return SseMemory.withSource(insn, new Apply(target, source, (int) insn.imm & 0xFF, shuffle));
    }

    private static @Nullable Shuffle shuffle(Insn insn) {
        return switch (insn.op) {
            case PSHUFD -> SseShuffles::shuffleDwords;
            case PSHUFLW ->
                (x, t, s, imm) -> {
                    x[t + 1] = x[s + 1];
                    x[t] = shuffleWords(x[s], imm);
                };
            case PSHUFHW ->
                (x, t, s, imm) -> {
                    x[t] = x[s];
                    x[t + 1] = shuffleWords(x[s + 1], imm);
                };
            case PSHUFB -> SseShuffles::shuffleBytes;
            case SHUFPS -> SseShuffles::shuffleSingles;
            case SHUFPD ->
                (x, t, s, imm) -> {
                    long high = x[s + (imm >> 1 & 1)];
                    x[t] = x[t + (imm & 1)];
                    x[t + 1] = high;
                };
            case PUNPCKLQDQ, UNPCKLPD -> (x, t, s, imm) -> x[t + 1] = x[s];
            case PUNPCKHQDQ, UNPCKHPD ->
                (x, t, s, imm) -> {
                    x[t] = x[t + 1];
                    x[t + 1] = x[s + 1];
                };
            case PALIGNR -> SseShuffles::align;
            case PHMINPOSUW -> SseShuffles::minimumWord;
            case MPSADBW -> SseShuffles::multipleSums;
            default -> blend(insn);
        };
    }

    private static @Nullable Shuffle blend(Insn insn) {
        return switch (insn.op) {
            case PBLENDW -> (x, t, s, imm) -> blendBy(x, t, s, wordMask(imm), wordMask(imm >> 4));
            case BLENDPS -> (x, t, s, imm) -> blendBy(x, t, s, dwordMask(imm), dwordMask(imm >> 2));
            case BLENDPD -> (x, t, s, imm) -> blendBy(x, t, s, -(imm & 1), -(imm >> 1 & 1));
            case PBLENDVB -> (x, t, s, imm) -> blendBy(x, t, s, tops(x[0], SseLanes.H8, 8), tops(x[1], SseLanes.H8, 8));
            case BLENDVPS ->
                (x, t, s, imm) -> blendBy(x, t, s, tops(x[0], SseLanes.H32, 32), tops(x[1], SseLanes.H32, 32));
            case BLENDVPD -> (x, t, s, imm) -> blendBy(x, t, s, x[0] >> 63, x[1] >> 63);
            default -> extension(insn);
        };
    }

    private static @Nullable Shuffle extension(Insn insn) {
        return switch (insn.op) {
            case PMOVSXBW -> (x, t, s, imm) -> extend(x, t, x[s], 8, 16, true);
            case PMOVSXBD -> (x, t, s, imm) -> extend(x, t, x[s], 8, 32, true);
            case PMOVSXBQ -> (x, t, s, imm) -> extend(x, t, x[s], 8, 64, true);
            case PMOVSXWD -> (x, t, s, imm) -> extend(x, t, x[s], 16, 32, true);
            case PMOVSXWQ -> (x, t, s, imm) -> extend(x, t, x[s], 16, 64, true);
            case PMOVSXDQ -> (x, t, s, imm) -> extend(x, t, x[s], 32, 64, true);
            case PMOVZXBW -> (x, t, s, imm) -> extend(x, t, x[s], 8, 16, false);
            case PMOVZXBD -> (x, t, s, imm) -> extend(x, t, x[s], 8, 32, false);
            case PMOVZXBQ -> (x, t, s, imm) -> extend(x, t, x[s], 8, 64, false);
            case PMOVZXWD -> (x, t, s, imm) -> extend(x, t, x[s], 16, 32, false);
            case PMOVZXWQ -> (x, t, s, imm) -> extend(x, t, x[s], 16, 64, false);
            case PMOVZXDQ -> (x, t, s, imm) -> extend(x, t, x[s], 32, 64, false);
            case MOVDDUP ->
                (x, t, s, imm) -> {
                    x[t] = x[s];
                    x[t + 1] = x[s];
                };
            case MOVSLDUP ->
                (x, t, s, imm) -> {
                    x[t] = (x[s] & 0xFFFF_FFFFL) * 0x1_0000_0001L;
                    x[t + 1] = (x[s + 1] & 0xFFFF_FFFFL) * 0x1_0000_0001L;
                };
            case MOVSHDUP ->
                (x, t, s, imm) -> {
                    x[t] = (x[s] >>> 32) * 0x1_0000_0001L;
                    x[t + 1] = (x[s + 1] >>> 32) * 0x1_0000_0001L;
                };
            case INSERTPS ->
                insn.operand(1).kind() == Operand.Kind.MEMORY
                        ? (x, t, s, imm) -> insertSingle(x, t, (int) x[s], imm)
                        : (x, t, s, imm) -> insertSingle(x, t, dword(x, s, imm >> 6 & 3), imm);
            default -> null;
        };
    }

    static int dword(long[] x, int register, int i) {
        return (int) (x[register + (i >> 1)] >>> 32 * (i & 1));
    }

    /// Eight bytes from place `from` (-8 to 16 and beyond) of the 16 bytes `high:low`; zeros around them.
    static long extract(long low, long high, int from) {
        if (from >= 16 || from <= -8) {
            return 0;
        }
        if (from >= 8) {
            return high >>> 8 * (from - 8);
        }
        if (from == 0) {
            return low;
        }
        return from > 0 ? low >>> 8 * from | high << 64 - 8 * from : low << -8 * from;
    }

    private static void shuffleDwords(long[] x, int t, int s, int imm) {
        long low = SseLanes.dwords(dword(x, s, imm & 3), dword(x, s, imm >> 2 & 3));
        x[t + 1] = SseLanes.dwords(dword(x, s, imm >> 4 & 3), dword(x, s, imm >> 6));
        x[t] = low;
    }

    private static void shuffleSingles(long[] x, int t, int s, int imm) {
        long low = SseLanes.dwords(dword(x, t, imm & 3), dword(x, t, imm >> 2 & 3));
        x[t + 1] = SseLanes.dwords(dword(x, s, imm >> 4 & 3), dword(x, s, imm >> 6));
        x[t] = low;
    }

    static long shuffleWords(long a, int imm) {
        return a >>> 16 * (imm & 3) & 0xFFFF
                | (a >>> 16 * (imm >> 2 & 3) & 0xFFFF) << 16
                | (a >>> 16 * (imm >> 4 & 3) & 0xFFFF) << 32
                | a >>> 16 * (imm >> 6) << 48;
    }

    private static void shuffleBytes(long[] x, int t, int s, int imm) {
        long low = x[t];
        long high = x[t + 1];
        long lowChoice = x[s];
        long highChoice = x[s + 1];
        x[t] = choose(low, high, lowChoice, 15);
        x[t + 1] = choose(low, high, highChoice, 15);
    }

    /// Bytes of `high:low` by the bytes of `choice`; zero where their top bit is set.
    static long choose(long low, long high, long choice, int mask) {
        long r = 0;
        for (int i = 0; i < 64; i += 8) {
            int c = (int) (choice >>> i) & 0xFF;
            if (c < 0x80) {
                int from = c & mask;
                r |= ((from < 8 ? low : high) >>> 8 * (from & 7) & 0xFF) << i;
            }
        }
        return r;
    }

    private static void align(long[] x, int t, int s, int imm) {
        long low = x[t];
        long high = x[t + 1];
        long sourceLow = x[s];
        long sourceHigh = x[s + 1];
        x[t] = window(sourceLow, sourceHigh, low, high, imm);
        x[t + 1] = window(sourceLow, sourceHigh, low, high, imm + 8);
    }

    private static long window(long a0, long a1, long b0, long b1, int from) {
        return extract(a0, a1, from) | extract(b0, b1, from - 16);
    }

    private static void minimumWord(long[] x, int t, int s, int imm) {
        int least = 0x10000;
        int place = 0;
        for (int i = 0; i < 8; i++) {
            int w = SseLanes.unsignedWord(x[s + (i >> 2)], i & 3);
            if (w < least) {
                least = w;
                place = i;
            }
        }
        x[t] = least | (long) place << 16;
        x[t + 1] = 0;
    }

    private static void multipleSums(long[] x, int t, int s, int imm) {
        long low = x[t];
        long high = x[t + 1];
        long four = extract(x[s], x[s + 1], 4 * (imm & 3)) & 0xFFFF_FFFFL;
        int from = imm & 4;
        long r0 = 0;
        long r1 = 0;
        for (int i = 0; i < 4; i++) {
            r0 |= sumOfFour(extract(low, high, from + i), four) << 16 * i;
            r1 |= sumOfFour(extract(low, high, from + i + 4), four) << 16 * i;
        }
        x[t] = r0;
        x[t + 1] = r1;
    }

    private static long sumOfFour(long a, long b) {
        return SseLanes.sumOfDifferences(a & 0xFFFF_FFFFL, b);
    }

    private static long tops(long a, long h, int width) {
        return SseLanes.spread(a & h, width);
    }

    private static long wordMask(int bits) {
        return -(bits & 1) & 0xFFFFL
                | (-(bits >> 1 & 1) & 0xFFFFL) << 16
                | (-(bits >> 2 & 1) & 0xFFFFL) << 32
                | (-(bits >> 3 & 1) & 0xFFFFL) << 48;
    }

    private static long dwordMask(int bits) {
        return -(bits & 1) & 0xFFFF_FFFFL | (long) -(bits >> 1 & 1) << 32;
    }

    private static void blendBy(long[] x, int t, int s, long low, long high) {
        x[t] = SseLanes.select(low, x[s], x[t]);
        x[t + 1] = SseLanes.select(high, x[s + 1], x[t + 1]);
    }

    private static void extend(long[] x, int t, long a, int from, int to, boolean signed) {
        x[t] = extended(a, from, to, signed);
        int lanes = 64 / to;
        x[t + 1] = extended(a >>> from * lanes, from, to, signed);
    }

    private static long extended(long a, int from, int to, boolean signed) {
        long mask = to == 64 ? -1 : (1L << to) - 1;
        long r = 0;
        for (int i = 0; i < 64 / to; i++) {
            long lane = a << 64 - from * (i + 1);
            lane = signed ? lane >> 64 - from : lane >>> 64 - from;
            r |= (lane & mask) << i * to;
        }
        return r;
    }

    private static void insertSingle(long[] x, int t, int value, int imm) {
        int place = imm >> 4 & 3;
        int shift = 32 * (place & 1);
        int half = t + (place >> 1);
        x[half] = x[half] & ~(0xFFFF_FFFFL << shift) | (value & 0xFFFF_FFFFL) << shift;
        x[t] &= ~dwordMask(imm);
        x[t + 1] &= ~dwordMask(imm >> 2);
    }

    private static final class Apply extends SseRegisters {
        private final int imm;
        private final Shuffle shuffle;

        Apply(int target, int source, int imm, Shuffle shuffle) {
            super(target, source);
            this.imm = imm;
            this.shuffle = shuffle;
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            FpuState fpu = core.state.fpu;
            shuffle.apply(fpu.xmm, target, source, imm);
        }
    }

    /// PTEST: ZF if no bit is common, CF if the source has none beside the target's.
    private static final class Test extends SseRegisters {
        Test(int target, int source) {
            super(target, source);
        }

        @Override
        public void run(Core core) {
            SseControl.check(core);
            long[] x = core.state.fpu.xmm;
            boolean none = (x[target] & x[source] | x[target + 1] & x[source + 1]) == 0;
            boolean covered = (~x[target] & x[source] | ~x[target + 1] & x[source + 1]) == 0;
            core.state.setArithmeticFlags((none ? CpuState.ZF : 0) | (covered ? CpuState.CF : 0));
        }
    }
}
