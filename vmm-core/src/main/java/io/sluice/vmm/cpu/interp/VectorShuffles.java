package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Op;
import io.sluice.vmm.cpu.isa.Operand;
import io.sluice.vmm.cpu.state.CpuState;
import org.jspecify.annotations.Nullable;

/// Instructions of MMX and SSE whose result mixes the halves: packs, unpacks, shuffles, blends, widening moves.
final class VectorShuffles {
    /// The result of a 16-byte operation: written to [Core#low] and [Core#high], which hold the source when it starts.
    private interface Wide {
        void apply(Core core, long targetLow, long targetHigh);
    }

    private VectorShuffles() {}

    static @Nullable MicroOp create(Insn insn) {
        if (insn.operands.length == 0 || insn.operand(0).kind() == Operand.Kind.MMX) {
            return mmx(insn);
        }
        if (insn.operand(0).kind() != Operand.Kind.XMM) {
            return null;
        }
        if (insn.op == Op.PTEST) {
            return test(insn);
        }
        var wide = wide(insn);
        if (wide == null) {
            return null;
        }
        int at = 2 * insn.operand(0).number();
        boolean shiftsItself = insn.op == Op.PSLLDQ || insn.op == Op.PSRLDQ;
        var source = Simd.Source.of(insn, shiftsItself ? 0 : 1, true);
        return Cold.of(core -> {
            Simd.checkSse(core);
            source.load(core);
            long[] xmm = core.state.fpu.xmm;
            wide.apply(core, xmm[at], xmm[at + 1]);
            xmm[at] = core.low;
            xmm[at + 1] = core.high;
        });
    }

    private static void result(Core core, long low, long high) {
        core.low = low;
        core.high = high;
    }

    private static @Nullable Wide wide(Insn insn) {
        int imm = (int) insn.imm & 0xFF;
        return switch (insn.op) {
            case PUNPCKLBW -> (c, a, h) -> unpack(c, 8, a, c.low);
            case PUNPCKLWD -> (c, a, h) -> unpack(c, 16, a, c.low);
            case PUNPCKLDQ, UNPCKLPS -> (c, a, h) -> unpack(c, 32, a, c.low);
            case PUNPCKHBW -> (c, a, h) -> unpack(c, 8, h, c.high);
            case PUNPCKHWD -> (c, a, h) -> unpack(c, 16, h, c.high);
            case PUNPCKHDQ, UNPCKHPS -> (c, a, h) -> unpack(c, 32, h, c.high);
            case PUNPCKLQDQ, UNPCKLPD -> (c, a, h) -> result(c, a, c.low);
            case PUNPCKHQDQ, UNPCKHPD -> (c, a, h) -> result(c, h, c.high);
            case PACKSSWB -> (c, a, h) -> result(c, packW(a, h, false), packW(c.low, c.high, false));
            case PACKUSWB -> (c, a, h) -> result(c, packW(a, h, true), packW(c.low, c.high, true));
            case PACKSSDW -> (c, a, h) -> result(c, packD(a, h, false), packD(c.low, c.high, false));
            case PACKUSDW -> (c, a, h) -> result(c, packD(a, h, true), packD(c.low, c.high, true));
            case PSHUFD ->
                (c, a, h) -> {
                    long low = pick32(c, imm) | pick32(c, imm >> 2) << 32;
                    result(c, low, pick32(c, imm >> 4) | pick32(c, imm >> 6) << 32);
                };
            case PSHUFLW -> (c, a, h) -> result(c, shuffle16(c.low, imm), c.high);
            case PSHUFHW -> (c, a, h) -> result(c, c.low, shuffle16(c.high, imm));
            case SHUFPS ->
                (c, a, h) -> {
                    long low = dword(a, h, imm) | dword(a, h, imm >> 2) << 32;
                    result(c, low, pick32(c, imm >> 4) | pick32(c, imm >> 6) << 32);
                };
            case SHUFPD -> (c, a, h) -> result(c, (imm & 1) != 0 ? h : a, (imm & 2) != 0 ? c.high : c.low);
            case PSHUFB -> (c, a, h) -> result(c, shuffleBytes(a, h, c.low, 15), shuffleBytes(a, h, c.high, 15));
            case PALIGNR -> (c, a, h) -> alignRight(c, a, h, imm);
            case PSLLDQ -> (c, a, h) -> shiftLeftBytes(c, a, h, imm);
            case PSRLDQ -> (c, a, h) -> result(c, window(a, h, 0, 0, imm), window(a, h, 0, 0, imm + 8));
            case PBLENDW -> (c, a, h) -> blend(c, a, h, wordMask(imm), wordMask(imm >> 4));
            case BLENDPS -> (c, a, h) -> blend(c, a, h, dwordMask(imm), dwordMask(imm >> 2));
            case BLENDPD -> (c, a, h) -> blend(c, a, h, -(imm & 1L), -(imm >> 1 & 1L));
            case PBLENDVB -> (c, a, h) -> blendBySign(c, a, h, 8);
            case BLENDVPS -> (c, a, h) -> blendBySign(c, a, h, 32);
            case BLENDVPD -> (c, a, h) -> blendBySign(c, a, h, 64);
            case PHADDW -> (c, a, h) -> horizontal(c, a, h, 16, (x, y) -> x + y);
            case PHADDD -> (c, a, h) -> horizontal(c, a, h, 32, (x, y) -> x + y);
            case PHADDSW -> (c, a, h) -> horizontal(c, a, h, 16, (x, y) -> Lanes.saturate(x + y, -32768, 32767));
            case PHSUBW -> (c, a, h) -> horizontal(c, a, h, 16, (x, y) -> x - y);
            case PHSUBD -> (c, a, h) -> horizontal(c, a, h, 32, (x, y) -> x - y);
            case PHSUBSW -> (c, a, h) -> horizontal(c, a, h, 16, (x, y) -> Lanes.saturate(x - y, -32768, 32767));
            case PMOVSXBW -> widen(8, 16, true);
            case PMOVSXBD -> widen(8, 32, true);
            case PMOVSXBQ -> widen(8, 64, true);
            case PMOVSXWD -> widen(16, 32, true);
            case PMOVSXWQ -> widen(16, 64, true);
            case PMOVSXDQ -> widen(32, 64, true);
            case PMOVZXBW -> widen(8, 16, false);
            case PMOVZXBD -> widen(8, 32, false);
            case PMOVZXBQ -> widen(8, 64, false);
            case PMOVZXWD -> widen(16, 32, false);
            case PMOVZXWQ -> widen(16, 64, false);
            case PMOVZXDQ -> widen(32, 64, false);
            case PHMINPOSUW -> (c, a, h) -> smallestWord(c);
            case MPSADBW -> (c, a, h) -> blockDifferences(c, a, h, imm);
            case INSERTPS -> insertSingle(insn, imm);
            default -> null;
        };
    }

    private static void unpack(Core core, int bits, long a, long b) {
        result(core, Lanes.interleave(bits, a, b), Lanes.interleave(bits, a >>> 32, b >>> 32));
    }

    private static long packW(long low, long high, boolean toUnsigned) {
        return Lanes.packW(low, toUnsigned) | Lanes.packW(high, toUnsigned) << 32;
    }

    private static long packD(long low, long high, boolean toUnsigned) {
        return Lanes.packD(low, toUnsigned) | Lanes.packD(high, toUnsigned) << 32;
    }

    private static long dword(long low, long high, int select) {
        long half = (select & 2) != 0 ? high : low;
        return (select & 1) != 0 ? half >>> 32 : half & 0xFFFF_FFFFL;
    }

    private static long pick32(Core core, int select) {
        return dword(core.low, core.high, select);
    }

    private static long shuffle16(long a, int imm) {
        long result = 0;
        for (int i = 0; i < 4; i++) {
            result |= (a >>> 16 * (imm >> 2 * i & 3) & 0xFFFF) << 16 * i;
        }
        return result;
    }

    private static long shuffleBytes(long low, long high, long select, int mask) {
        long result = 0;
        for (int at = 0; at < 64; at += 8) {
            int n = (int) (select >>> at);
            if ((n & 0x80) == 0) {
                int from = n & mask;
                long half = from < 8 ? low : high;
                result |= (half >>> 8 * (from & 7) & 0xFF) << at;
            }
        }
        return result;
    }

    /// 8 bytes at byte `at` of the 32 bytes w0, w1, w2, w3 (lowest first), zero beyond.
    private static long window(long w0, long w1, long w2, long w3, int at) {
        if (at >= 32) {
            return 0;
        }
        long here = at < 8 ? w0 : at < 16 ? w1 : at < 24 ? w2 : w3;
        long after = at < 8 ? w1 : at < 16 ? w2 : at < 24 ? w3 : 0;
        int bits = 8 * (at & 7);
        return bits == 0 ? here : here >>> bits | after << 64 - bits;
    }

    private static void alignRight(Core core, long low, long high, int imm) {
        long w0 = core.low;
        long w1 = core.high;
        result(core, window(w0, w1, low, high, imm), window(w0, w1, low, high, imm + 8));
    }

    private static void shiftLeftBytes(Core core, long low, long high, int imm) {
        if (imm > 15) {
            result(core, 0, 0);
        } else {
            result(core, window(0, 0, low, high, 16 - imm), window(0, 0, low, high, 24 - imm));
        }
    }

    private static long wordMask(int bits) {
        long mask = 0;
        for (int i = 0; i < 4; i++) {
            mask |= (bits >> i & 1) != 0 ? 0xFFFFL << 16 * i : 0;
        }
        return mask;
    }

    private static long dwordMask(int bits) {
        return ((bits & 1) != 0 ? 0xFFFF_FFFFL : 0) | ((bits & 2) != 0 ? 0xFFFF_FFFFL << 32 : 0);
    }

    private static void blend(Core core, long low, long high, long maskLow, long maskHigh) {
        result(core, low & ~maskLow | core.low & maskLow, high & ~maskHigh | core.high & maskHigh);
    }

    /// By the top bit of each lane of XMM0.
    private static void blendBySign(Core core, long low, long high, int bits) {
        long[] xmm = core.state.fpu.xmm;
        long maskLow = Lanes.signed(bits, xmm[0], 0, (x, y) -> x >> 63);
        long maskHigh = Lanes.signed(bits, xmm[1], 0, (x, y) -> x >> 63);
        blend(core, low, high, maskLow, maskHigh);
    }

    private static void horizontal(Core core, long low, long high, int bits, Lanes.Lane lane) {
        long first = pairs(low, bits, lane) | pairs(high, bits, lane) << 32;
        long second = pairs(core.low, bits, lane) | pairs(core.high, bits, lane) << 32;
        result(core, first, second);
    }

    /// Neighbours of one half combined: 32 bits.
    private static long pairs(long a, int bits, Lanes.Lane lane) {
        long result = 0;
        long mask = (1L << bits) - 1;
        for (int at = 0; at < 64; at += 2 * bits) {
            long x = a << 64 - bits - at >> 64 - bits;
            long y = a << 64 - 2 * bits - at >> 64 - bits;
            result |= (lane.apply(x, y) & mask) << at / 2;
        }
        return result;
    }

    private static Wide widen(int from, int to, boolean signed) {
        return (core, a, h) -> {
            long source = core.low;
            result(core, widenHalf(source, 0, from, to, signed), widenHalf(source, 64 / to, from, to, signed));
        };
    }

    private static long widenHalf(long source, int first, int from, int to, boolean signed) {
        long result = 0;
        long mask = to == 64 ? -1L : (1L << to) - 1;
        for (int i = 0; i < 64 / to; i++) {
            long lane = source << 64 - from - from * (first + i);
            lane = signed ? lane >> 64 - from : lane >>> 64 - from;
            result |= (lane & mask) << to * i;
        }
        return result;
    }

    private static void smallestWord(Core core) {
        long least = 0x10000;
        int where = 0;
        for (int i = 0; i < 8; i++) {
            long word = (i < 4 ? core.low : core.high) >>> 16 * (i & 3) & 0xFFFF;
            if (word < least) {
                least = word;
                where = i;
            }
        }
        result(core, least | (long) where << 16, 0);
    }

    private static void blockDifferences(Core core, long low, long high, int imm) {
        int from = (imm & 4) != 0 ? 4 : 0;
        long block = dword(core.low, core.high, imm & 3);
        long first = 0;
        long second = 0;
        for (int i = 0; i < 8; i++) {
            long bytes = window(low, high, 0, 0, from + i) & 0xFFFF_FFFFL;
            long sum = Lanes.sumOfDifferences(bytes, block);
            if (i < 4) {
                first |= sum << 16 * i;
            } else {
                second |= sum << 16 * (i - 4);
            }
        }
        result(core, first, second);
    }

    /// From a register imm bits 7..6 select; memory is the one 32-bit value.
    private static Wide insertSingle(Insn insn, int imm) {
        boolean memory = insn.operand(1).kind() == Operand.Kind.MEMORY;
        int from = memory ? 0 : imm >> 6 & 3;
        int to = imm >> 4 & 3;
        return (core, low, high) -> {
            long value = pick32(core, from);
            long shift = 32L * (to & 1);
            long mask = 0xFFFF_FFFFL << shift;
            long newLow = to < 2 ? low & ~mask | value << shift : low;
            long newHigh = to < 2 ? high : high & ~mask | value << shift;
            result(core, newLow & ~dwordMask(imm), newHigh & ~dwordMask(imm >> 2));
        };
    }

    private static MicroOp test(Insn insn) {
        int at = 2 * insn.operand(0).number();
        var source = Simd.Source.of(insn, 1, true);
        return Cold.of(core -> {
            Simd.checkSse(core);
            source.load(core);
            long[] xmm = core.state.fpu.xmm;
            boolean zero = (xmm[at] & core.low) == 0 && (xmm[at + 1] & core.high) == 0;
            boolean carry = (~xmm[at] & core.low) == 0 && (~xmm[at + 1] & core.high) == 0;
            core.state.setArithmeticFlags((zero ? CpuState.ZF : 0) | (carry ? CpuState.CF : 0));
        });
    }

    // ---- MMX

    private static @Nullable MicroOp mmx(Insn insn) {
        if (insn.op == Op.EMMS) {
            return Cold.of(core -> {
                Simd.checkMmx(core);
                core.state.fpu.fsw &= ~0x3800;
                core.state.fpu.ftw = 0xFFFF;
            });
        }
        if (insn.operands.length < 2) {
            return null;
        }
        var half = mmxHalf(insn);
        if (half == null) {
            return null;
        }
        int number = insn.operand(0).number();
        var source = Simd.Source.of(insn, 1, false);
        return Cold.of(core -> {
            Simd.checkMmx(core);
            source.load(core);
            Simd.enterMmx(core);
            Simd.setMmx(core, number, half.apply(core.state.fpu.significand[number], core.low));
        });
    }

    private static VectorOps.@Nullable Half mmxHalf(Insn insn) {
        int imm = (int) insn.imm & 0xFF;
        return switch (insn.op) {
            case PUNPCKLBW -> (a, b) -> Lanes.interleave(8, a, b);
            case PUNPCKLWD -> (a, b) -> Lanes.interleave(16, a, b);
            case PUNPCKLDQ -> (a, b) -> Lanes.interleave(32, a, b);
            case PUNPCKHBW -> (a, b) -> Lanes.interleave(8, a >>> 32, b >>> 32);
            case PUNPCKHWD -> (a, b) -> Lanes.interleave(16, a >>> 32, b >>> 32);
            case PUNPCKHDQ -> (a, b) -> Lanes.interleave(32, a >>> 32, b >>> 32);
            case PACKSSWB -> (a, b) -> packW(a, b, false);
            case PACKUSWB -> (a, b) -> packW(a, b, true);
            case PACKSSDW -> (a, b) -> packD(a, b, false);
            case PSHUFW -> (a, b) -> shuffle16(b, imm);
            case PSHUFB -> (a, b) -> shuffleBytes(a, 0, b, 7);
            case PALIGNR -> (a, b) -> window(b, a, 0, 0, imm);
            case PHADDW -> (a, b) -> mmxPairs(a, b, 16, (x, y) -> x + y);
            case PHADDD -> (a, b) -> mmxPairs(a, b, 32, (x, y) -> x + y);
            case PHADDSW -> (a, b) -> mmxPairs(a, b, 16, (x, y) -> Lanes.saturate(x + y, -32768, 32767));
            case PHSUBW -> (a, b) -> mmxPairs(a, b, 16, (x, y) -> x - y);
            case PHSUBD -> (a, b) -> mmxPairs(a, b, 32, (x, y) -> x - y);
            case PHSUBSW -> (a, b) -> mmxPairs(a, b, 16, (x, y) -> Lanes.saturate(x - y, -32768, 32767));
            default -> null;
        };
    }

    private static long mmxPairs(long a, long b, int bits, Lanes.Lane lane) {
        return pairs(a, bits, lane) | pairs(b, bits, lane) << 32;
    }
}
