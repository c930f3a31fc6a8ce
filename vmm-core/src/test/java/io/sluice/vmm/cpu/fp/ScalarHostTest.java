package io.sluice.vmm.cpu.fp;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.vmm.testkit.HostCode;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// binary32 and binary64 against the SSE unit of the host, in all rounding modes, with and without DAZ and FTZ, and
/// with
/// PE sticky (the short way) or not.
@Timeout(120)
class ScalarHostTest {
    private static final int ROUNDS = 40_000;
    private static final int XMM0 = 160;
    private static final int XMM1 = 176;

    @FunctionalInterface
    interface Step {
        long apply(FpContext c, long a, long b);
    }

    enum Place {
        XMM64,
        XMM32,
        EAX,
        RAX,
        FLAGS
    }

    private static int order(int order) {
        return new int[] {1, 0x40, 0, 0x45}[order + 1];
    }

    enum Operation {
        ADDSD("f20f58c1", true, Place.XMM64, Float64::add),
        SUBSD("f20f5cc1", true, Place.XMM64, Float64::sub),
        MULSD("f20f59c1", true, Place.XMM64, Float64::mul),
        DIVSD("f20f5ec1", true, Place.XMM64, Float64::div),
        SQRTSD("f20f51c1", true, Place.XMM64, (c, a, b) -> Float64.sqrt(c, b)),
        MINSD("f20f5dc1", true, Place.XMM64, Float64::min),
        MAXSD("f20f5fc1", true, Place.XMM64, Float64::max),
        UCOMISD("660f2ec1", true, Place.FLAGS, (c, a, b) -> order(Float64.compare(c, a, b, false))),
        COMISD("660f2fc1", true, Place.FLAGS, (c, a, b) -> order(Float64.compare(c, a, b, true))),
        CVTSD2SS("f20f5ac1", true, Place.XMM32, (c, a, b) -> Float64.toFloat32(c, b)),
        CVTSD2SI("f20f2dc1", true, Place.EAX, (c, a, b) -> Float64.toInteger(c, b, c.rounding, 32)),
        CVTSD2SI64("f2480f2dc1", true, Place.RAX, (c, a, b) -> Float64.toInteger(c, b, c.rounding, 64)),
        CVTTSD2SI("f20f2cc1", true, Place.EAX, (c, a, b) -> Float64.toInteger(c, b, FpContext.TRUNCATE, 32)),
        CVTTSD2SI64("f2480f2cc1", true, Place.RAX, (c, a, b) -> Float64.toInteger(c, b, FpContext.TRUNCATE, 64)),
        ROUNDSD_UP("660f3a0bc102", true, Place.XMM64, (c, a, b) -> Float64.round(c, b, FpContext.UP, false)),
        ROUNDSD_QUIET("660f3a0bc10c", true, Place.XMM64, (c, a, b) -> Float64.round(c, b, c.rounding, true)),
        CVTSI2SD64("f2480f2ac0", true, Place.XMM64, (c, a, b) -> Float64.fromLong(c, a)),
        CVTSI2SD("f20f2ac0", true, Place.XMM64, (c, a, b) -> Float64.fromLong(c, (int) a)),
        ADDSS("f30f58c1", false, Place.XMM32, (c, a, b) -> Float32.add(c, (int) a, (int) b)),
        SUBSS("f30f5cc1", false, Place.XMM32, (c, a, b) -> Float32.sub(c, (int) a, (int) b)),
        MULSS("f30f59c1", false, Place.XMM32, (c, a, b) -> Float32.mul(c, (int) a, (int) b)),
        DIVSS("f30f5ec1", false, Place.XMM32, (c, a, b) -> Float32.div(c, (int) a, (int) b)),
        SQRTSS("f30f51c1", false, Place.XMM32, (c, a, b) -> Float32.sqrt(c, (int) b)),
        MINSS("f30f5dc1", false, Place.XMM32, (c, a, b) -> Float32.min(c, (int) a, (int) b)),
        MAXSS("f30f5fc1", false, Place.XMM32, (c, a, b) -> Float32.max(c, (int) a, (int) b)),
        UCOMISS("0f2ec1", false, Place.FLAGS, (c, a, b) -> order(Float32.compare(c, (int) a, (int) b, false))),
        COMISS("0f2fc1", false, Place.FLAGS, (c, a, b) -> order(Float32.compare(c, (int) a, (int) b, true))),
        CVTSS2SD("f30f5ac1", false, Place.XMM64, (c, a, b) -> Float64.fromFloat32(c, (int) b)),
        CVTSS2SI("f30f2dc1", false, Place.EAX, (c, a, b) -> Float32.toInteger(c, (int) b, c.rounding, 32)),
        CVTSS2SI64("f3480f2dc1", false, Place.RAX, (c, a, b) -> Float32.toInteger(c, (int) b, c.rounding, 64)),
        ROUNDSS_DOWN("660f3a0ac101", false, Place.XMM32, (c, a, b) -> Float32.round(c, (int) b, 1, false)),
        CVTSI2SS64("f3480f2ac0", false, Place.XMM32, (c, a, b) -> Float32.fromLong(c, a)),
        CVTSI2SS("f30f2ac0", false, Place.XMM32, (c, a, b) -> Float32.fromLong(c, (int) a));

        private final String code;
        private final boolean wide;
        private final Place place;
        private final Step step;

        Operation(String code, boolean wide, Place place, Step step) {
            this.code = code;
            this.wide = wide;
            this.place = place;
            this.step = step;
        }

        private long operand(Operands random) {
            if (name().startsWith("CVTSI")) {
                return random.next() >> random.below(64);
            }
            return wide ? random.f64() : random.f32() & 0xFFFF_FFFFL;
        }

        private long mask() {
            return switch (place) {
                case XMM64, RAX -> -1;
                case XMM32, EAX -> 0xFFFF_FFFFL;
                case FLAGS -> 0x45;
            };
        }

        private int offset() {
            return switch (place) {
                case XMM64, XMM32 -> XMM0;
                case EAX, RAX -> HostCode.GPR;
                case FLAGS -> HostCode.FLAGS;
            };
        }
    }

    @ParameterizedTest
    @EnumSource
    void resultAndFlagsAreThoseOfTheHost(Operation operation) {
        var code = HostCode.of(operation.code);
        var block = code.block;
        var c = new FpContext();
        var random = new Operands(operation.ordinal() + 64);
        block.asSlice(0, 512).fill((byte) 0);
        block.set(JAVA_SHORT_UNALIGNED, 0, (short) 0x37F);

        for (int i = 0; i < ROUNDS; i++) {
            int mxcsr = random.next() < 0 ? 0x1FA0 : 0x1F80;
            mxcsr |= i % 3 == 0 ? random.below(4) << 13 | random.below(2) << 15 | random.below(2) << 6 : 0;
            long a = operation.operand(random);
            long b = i % 16 == 0 ? a : operation.operand(random);
            block.set(JAVA_INT_UNALIGNED, 24, mxcsr);
            block.set(JAVA_LONG_UNALIGNED, XMM0, a);
            block.set(JAVA_LONG_UNALIGNED, XMM1, b);
            block.set(JAVA_LONG_UNALIGNED, HostCode.GPR, a);
            block.set(JAVA_LONG_UNALIGNED, HostCode.FLAGS, 2);
            code.run();
            long theirs = block.get(JAVA_LONG_UNALIGNED, operation.offset()) & operation.mask();
            c.useMxcsr(mxcsr);
            long ours = operation.step.apply(c, a, b) & operation.mask();

            assertThat(Long.toHexString(ours) + " " + Integer.toHexString(c.flags | mxcsr))
                    .as("%s mxcsr=%x a=%x b=%x", operation, mxcsr, a, b)
                    .isEqualTo(Long.toHexString(theirs) + " " + Integer.toHexString(block.get(JAVA_INT_UNALIGNED, 24)));
        }
    }
}
