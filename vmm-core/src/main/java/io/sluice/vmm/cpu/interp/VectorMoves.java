package io.sluice.vmm.cpu.interp;

import io.sluice.vmm.cpu.isa.Insn;
import io.sluice.vmm.cpu.isa.Op;
import io.sluice.vmm.cpu.isa.Operand;
import org.jspecify.annotations.Nullable;

/// Moves of MMX and SSE: between registers, memory and general registers, whole or in part.
final class VectorMoves {
    private VectorMoves() {}

    static @Nullable MicroOp create(Insn insn) {
        return switch (insn.op) {
            case MOVAPS, MOVAPD, MOVDQA, MOVNTPS, MOVNTPD, MOVNTDQ, MOVNTDQA -> whole(insn, true);
            case MOVUPS, MOVUPD, MOVDQU, LDDQU -> whole(insn, false);
            case MOVD, MOVQ, MOVNTQ, MOVQ2DQ, MOVDQ2Q -> part(insn);
            case MOVSS, MOVSD_XMM -> scalar(insn);
            case MOVLPS, MOVLPD, MOVHLPS, MOVHPS, MOVHPD, MOVLHPS -> half(insn);
            case MOVSLDUP, MOVSHDUP, MOVDDUP -> duplicate(insn);
            case PMOVMSKB, MOVMSKPS, MOVMSKPD -> mask(insn);
            case PINSRB, PINSRW, PINSRD -> insert(insn);
            case PEXTRB, PEXTRW, PEXTRD, EXTRACTPS -> extract(insn);
            case MASKMOVQ, MASKMOVDQU -> maskedStore(insn);
            default -> null;
        };
    }

    private static boolean isMemory(Operand operand) {
        return operand.kind() == Operand.Kind.MEMORY;
    }

    // ---- 16 bytes

    private static MicroOp whole(Insn insn, boolean aligned) {
        if (isMemory(insn.operand(0))) {
            return new Store(insn.operand(1).number(), new Address(insn), aligned);
        }
        int number = insn.operand(0).number();
        return isMemory(insn.operand(1))
                ? new Load(number, Simd.Source.of(insn, 1, aligned))
                : new Copy(number, insn.operand(1).number());
    }

    private static final class Copy extends MicroOp {
        private final int target;
        private final int source;

        Copy(int target, int source) {
            this.target = 2 * target;
            this.source = 2 * source;
        }

        @Override
        public void run(Core core) {
            Simd.checkSse(core);
            long[] xmm = core.state.fpu.xmm;
            xmm[target] = xmm[source];
            xmm[target + 1] = xmm[source + 1];
        }
    }

    private static final class Load extends MicroOp {
        private final int target;
        private final Simd.Source source;

        Load(int target, Simd.Source source) {
            this.target = 2 * target;
            this.source = source;
        }

        @Override
        public void run(Core core) {
            Simd.checkSse(core);
            source.load(core);
            long[] xmm = core.state.fpu.xmm;
            xmm[target] = core.low;
            xmm[target + 1] = core.high;
        }
    }

    private static final class Store extends MicroOp {
        private final int source;
        private final Address address;
        private final boolean aligned;

        Store(int source, Address address, boolean aligned) {
            this.source = 2 * source;
            this.address = address;
            this.aligned = aligned;
        }

        @Override
        public void run(Core core) {
            Simd.checkSse(core);
            long[] xmm = core.state.fpu.xmm;
            Simd.store16(core, address, aligned, xmm[source], xmm[source + 1]);
        }
    }

    // ---- 4 and 8 bytes

    private interface Value {
        long get(Core core);
    }

    private interface Target {
        void set(Core core, long value);
    }

    /// The low part of any operand.
    private static Value value(Insn insn, int i) {
        var operand = insn.operand(i);
        int number = operand.number();
        return switch (operand.kind()) {
            case XMM -> core -> core.state.fpu.xmm[2 * number];
            case MMX -> core -> core.state.fpu.significand[number];
            default -> Location.of(insn, i)::get;
        };
    }

    /// A register is filled with zeros above the value.
    private static Target target(Insn insn, int i, int size) {
        var operand = insn.operand(i);
        int number = operand.number();
        return switch (operand.kind()) {
            case XMM ->
                (core, value) -> {
                    core.state.fpu.xmm[2 * number] = value;
                    core.state.fpu.xmm[2 * number + 1] = 0;
                };
            case MMX -> (core, value) -> Simd.setMmx(core, number, value);
            default -> Location.of(insn, operand, size)::set;
        };
    }

    private static MicroOp part(Insn insn) {
        boolean mmx = Simd.isMmx(insn);
        boolean dword = insn.op == Op.MOVD
                && (insn.operand(0).size() == 4 || insn.operand(1).size() == 4);
        int size = dword ? 4 : 8;
        long mask = Location.mask(size);
        var source = value(insn, 1);
        var target = target(insn, 0, size);
        // A register source tells of x87 use too; a store changes no MMX state but enters it all the same.
        return Cold.of(core -> {
            if (mmx) {
                Simd.checkMmx(core);
            } else {
                Simd.checkSse(core);
            }
            long value = source.get(core) & mask;
            target.set(core, value);
            if (mmx) {
                Simd.enterMmx(core);
            }
        });
    }

    /// MOVSS and MOVSD: from memory the rest is cleared, from a register it stays.
    private static MicroOp scalar(Insn insn) {
        int size = insn.op == Op.MOVSS ? 4 : 8;
        if (isMemory(insn.operand(0)) || isMemory(insn.operand(1))) {
            var source = value(insn, 1);
            var target = target(insn, 0, size);
            long mask = Location.mask(size);
            return Cold.of(core -> {
                Simd.checkSse(core);
                target.set(core, source.get(core) & mask);
            });
        }
        int to = 2 * insn.operand(0).number();
        int from = 2 * insn.operand(1).number();
        long mask = Location.mask(size);
        return Cold.of(core -> {
            Simd.checkSse(core);
            long[] xmm = core.state.fpu.xmm;
            xmm[to] = xmm[to] & ~mask | xmm[from] & mask;
        });
    }

    private static MicroOp half(Insn insn) {
        boolean high = insn.op == Op.MOVHPS || insn.op == Op.MOVHPD || insn.op == Op.MOVLHPS;
        if (isMemory(insn.operand(0))) {
            int from = 2 * insn.operand(1).number() + (high ? 1 : 0);
            var target = Location.of(insn, insn.operand(0), 8);
            return Cold.of(core -> {
                Simd.checkSse(core);
                target.set(core, core.state.fpu.xmm[from]);
            });
        }
        int to = 2 * insn.operand(0).number() + (high ? 1 : 0);
        if (isMemory(insn.operand(1))) {
            var source = Location.of(insn, insn.operand(1), 8);
            return Cold.of(core -> {
                Simd.checkSse(core);
                core.state.fpu.xmm[to] = source.get(core);
            });
        }
        int from = 2 * insn.operand(1).number() + (insn.op == Op.MOVHLPS ? 1 : 0);
        return Cold.of(core -> {
            Simd.checkSse(core);
            core.state.fpu.xmm[to] = core.state.fpu.xmm[from];
        });
    }

    private static MicroOp duplicate(Insn insn) {
        int to = 2 * insn.operand(0).number();
        var source = Simd.Source.of(insn, 1, true);
        var op = insn.op;
        return Cold.of(core -> {
            Simd.checkSse(core);
            source.load(core);
            long[] xmm = core.state.fpu.xmm;
            xmm[to] = duplicated(op, core.low);
            xmm[to + 1] = op == Op.MOVDDUP ? core.low : duplicated(op, core.high);
        });
    }

    private static long duplicated(Op op, long half) {
        return switch (op) {
            case MOVSLDUP -> half & 0xFFFF_FFFFL | half << 32;
            case MOVSHDUP -> half >>> 32 | half & 0xFFFF_FFFFL << 32;
            default -> half;
        };
    }

    // ---- to and from general registers

    private static MicroOp mask(Insn insn) {
        int to = insn.operand(0).number();
        int from = insn.operand(1).number();
        if (Simd.isMmx(insn)) {
            return Cold.of(core -> {
                Simd.checkMmx(core);
                Simd.enterMmx(core);
                core.gpr[to] = Lanes.signsB(core.state.fpu.significand[from]);
            });
        }
        return switch (insn.op) {
            case PMOVMSKB ->
                Cold.of(core -> {
                    Simd.checkSse(core);
                    long[] xmm = core.state.fpu.xmm;
                    core.gpr[to] = Lanes.signsB(xmm[2 * from]) | Lanes.signsB(xmm[2 * from + 1]) << 8;
                });
            case MOVMSKPS ->
                Cold.of(core -> {
                    Simd.checkSse(core);
                    long low = core.state.fpu.xmm[2 * from];
                    long high = core.state.fpu.xmm[2 * from + 1];
                    core.gpr[to] = low >>> 31 & 1 | low >>> 62 & 2 | high >>> 29 & 4 | high >>> 60 & 8;
                });
            default ->
                Cold.of(core -> {
                    Simd.checkSse(core);
                    long[] xmm = core.state.fpu.xmm;
                    core.gpr[to] = xmm[2 * from] >>> 63 | xmm[2 * from + 1] >>> 62 & 2;
                });
        };
    }

    private static int lane(Insn insn) {
        return switch (insn.op) {
            case PINSRB, PEXTRB -> 8;
            case PINSRW, PEXTRW -> 16;
            case EXTRACTPS -> 32;
            default ->
                8
                        * Math.max(
                                insn.operand(0).kind() == Operand.Kind.XMM
                                        ? 0
                                        : insn.operand(0).size(),
                                insn.operand(1).kind() == Operand.Kind.XMM
                                        ? 0
                                        : insn.operand(1).size());
        };
    }

    private static MicroOp insert(Insn insn) {
        int bits = lane(insn);
        int number = insn.operand(0).number();
        var source = Location.of(insn, 1);
        long mask = Location.mask(bits / 8);
        if (Simd.isMmx(insn)) {
            int shift = bits * ((int) insn.imm & 3);
            return Cold.of(core -> {
                Simd.checkMmx(core);
                long value = (source.get(core) & mask) << shift;
                Simd.enterMmx(core);
                Simd.setMmx(core, number, core.state.fpu.significand[number] & ~(mask << shift) | value);
            });
        }
        int at = bits * ((int) insn.imm & 128 / bits - 1);
        int index = 2 * number + at / 64;
        int shift = at % 64;
        return Cold.of(core -> {
            Simd.checkSse(core);
            long value = (source.get(core) & mask) << shift;
            long[] xmm = core.state.fpu.xmm;
            xmm[index] = xmm[index] & ~(mask << shift) | value;
        });
    }

    private static MicroOp extract(Insn insn) {
        int bits = lane(insn);
        int number = insn.operand(1).number();
        // A register is zero-extended, whatever width the table gives it.
        boolean memory = isMemory(insn.operand(0));
        var target = Location.of(insn, insn.operand(0), memory ? bits / 8 : 8);
        long mask = Location.mask(bits / 8);
        if (Simd.isMmx(insn)) {
            int shift = bits * ((int) insn.imm & 3);
            return Cold.of(core -> {
                Simd.checkMmx(core);
                Simd.enterMmx(core);
                target.set(core, core.state.fpu.significand[number] >>> shift & mask);
            });
        }
        int at = bits * ((int) insn.imm & 128 / bits - 1);
        int index = 2 * number + at / 64;
        int shift = at % 64;
        return Cold.of(core -> {
            Simd.checkSse(core);
            target.set(core, core.state.fpu.xmm[index] >>> shift & mask);
        });
    }

    /// Bytes whose mask byte has its top bit set go to DS:[rDI].
    private static MicroOp maskedStore(Insn insn) {
        boolean mmx = insn.op == Op.MASKMOVQ;
        int from = insn.operand(0).number();
        int select = insn.operand(1).number();
        int segment = insn.segment;
        long addressMask = Location.mask(insn.addressSize);
        return Cold.of(core -> {
            if (mmx) {
                Simd.checkMmx(core);
                Simd.enterMmx(core);
            } else {
                Simd.checkSse(core);
            }
            var fpu = core.state.fpu;
            for (int i = 0; i < (mmx ? 8 : 16); i++) {
                long mask = mmx ? fpu.significand[select] : fpu.xmm[2 * select + i / 8];
                long data = mmx ? fpu.significand[from] : fpu.xmm[2 * from + i / 8];
                if ((mask >>> 8 * (i & 7) & 0x80) != 0) {
                    core.store8(segment, core.gpr[7] + i & addressMask, (int) (data >>> 8 * (i & 7)));
                }
            }
        });
    }
}
