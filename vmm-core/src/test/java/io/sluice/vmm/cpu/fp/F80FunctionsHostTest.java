package io.sluice.vmm.cpu.fp;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Transcendental functions against the host's x87: within one unit of the last place (both sides may be off by
/// almost one, so two apart is what can be told here), special values exactly.
@Timeout(120)
class F80FunctionsHostTest {
    private static final int ROUNDS = 20_000;

    @FunctionalInterface
    interface Step {
        void apply(FpContext c, int xSe, long xSig, int ySe, long ySig);
    }

    enum Function {
        F2XM1("d9f0", -70, 0, (c, xSe, xSig, ySe, ySig) -> F80Functions.exp2MinusOne(c, xSe, xSig)),
        FYL2X("d9f1", -70, 70, F80Functions::yLog2),
        FYL2XP1("d9f9", -70, -2, F80Functions::yLog2Plus1),
        FPATAN("d9f3", -70, 70, F80Functions::arcTangent),
        FSIN("d9fe", -70, 62, (c, xSe, xSig, ySe, ySig) -> F80Trigonometry.sine(c, xSe, xSig)),
        FCOS("d9ff", -70, 62, (c, xSe, xSig, ySe, ySig) -> F80Trigonometry.cosine(c, xSe, xSig)),
        // Below the one that it pushes.
        FPTAN("d9f2", -70, 62, (c, xSe, xSig, ySe, ySig) -> F80Trigonometry.tangent(c, xSe, xSig));

        private final String code;
        private final int lowest;
        private final int highest;
        private final Step step;

        Function(String code, int lowest, int highest, Step step) {
            this.code = code;
            this.lowest = lowest;
            this.highest = highest;
            this.step = step;
        }

        private long[] host(HostX87 host) {
            return this == FPTAN ? new long[] {host.se1, host.sig1} : new long[] {host.se0, host.sig0};
        }
    }

    @ParameterizedTest
    @EnumSource
    void numbersComeOutWithinOneUnit(Function function) {
        var host = new HostX87(function.code);
        var c = new FpContext();
        var random = new Operands(function.ordinal() + 110);
        long worst = 0;

        for (int i = 0; i < ROUNDS; i++) {
            int span = function.highest - function.lowest + (function == Function.F2XM1 ? 0 : 1);
            int xSe = 16383 + function.lowest + random.below(span) | random.below(2) << 15;
            xSe &= function == Function.FYL2X ? 0x7FFF : 0xFFFF;
            long xSig = random.sig(0x3FFF) | 1L << 63;
            int ySe = 16383 - 70 + random.below(140) | random.below(2) << 15;
            long ySig = random.sig(0x3FFF) | 1L << 63;
            host.run(0x37F, xSe, xSig, ySe, ySig);
            c.useControlWord(0x37F);
            function.step.apply(c, xSe, xSig, ySe, ySig);
            long[] theirs = function.host(host);
            long distance = Math.abs(c.sig - theirs[1]);
            if (c.se != (int) theirs[0]) {
                // Across a power of two.
                distance = Math.min(Math.abs(c.sig * 2 - theirs[1]), Math.abs(c.sig - theirs[1] * 2));
                assertThat(Math.abs(c.se - theirs[0])).isEqualTo(1);
            }
            worst = Math.max(worst, distance);

            assertThat(distance)
                    .as(
                            "%s x=%x:%x y=%x:%x ours=%x:%x host=%x:%x",
                            function, xSe, xSig, ySe, ySig, c.se, c.sig, theirs[0], theirs[1])
                    .isLessThanOrEqualTo(2);
        }
        System.out.println(function + ": at most " + worst + " units from the host");
    }

    private static final int[] SPECIAL_SE = {
        0, 0x8000, 0x7FFF, 0xFFFF, 0x7FFF, 0xFFFF, 0x7FFF, 0x3FFF, 0xBFFF, 0x3FFE, 0x4000, 0x3FFF, 0
    };
    private static final long[] SPECIAL_SIG = {
        0,
        0,
        1L << 63,
        1L << 63,
        0xC000_0000_0000_0001L,
        0xC000_0000_0000_0002L,
        0xA000_0000_0000_0000L,
        1L << 63,
        1L << 63,
        1L << 63,
        1L << 63,
        0,
        0x1234_5678_9ABCL
    };

    @ParameterizedTest
    @EnumSource
    void specialValuesAreThoseOfTheHost(Function function) {
        // FYL2XP1 is defined below 0.41 only.
        var host = new HostX87(function.code);
        var c = new FpContext();
        for (int i = 0; i < SPECIAL_SE.length * SPECIAL_SE.length; i++) {
            int x = i % SPECIAL_SE.length;
            int y = i / SPECIAL_SE.length;
            if (function == Function.FYL2XP1 && Math.abs((SPECIAL_SE[x] & 0x7FFF) - 0x3FFF) <= 1) {
                continue;
            }
            host.run(0x37F, SPECIAL_SE[x], SPECIAL_SIG[x], SPECIAL_SE[y], SPECIAL_SIG[y]);
            c.useControlWord(0x37F);
            function.step.apply(c, SPECIAL_SE[x], SPECIAL_SIG[x], SPECIAL_SE[y], SPECIAL_SIG[y]);
            long[] theirs = function.host(host);
            long ourSig = Math.abs(c.sig - theirs[1]) == 1 ? theirs[1] : c.sig;

            assertThat("%x:%x %x".formatted(c.se, ourSig, c.flags))
                    .as("%s x=%x:%x y=%x:%x", function, SPECIAL_SE[x], SPECIAL_SIG[x], SPECIAL_SE[y], SPECIAL_SIG[y])
                    .isEqualTo("%x:%x %x".formatted(theirs[0], theirs[1], host.fsw & 0x3F));
        }
    }

    @ParameterizedTest
    @EnumSource
    void constantsAreRoundedAsTheHostRoundsThem(F80Constant constant) {
        String[] codes = {"d9e8", "d9e9", "d9ea", "d9eb", "d9ec", "d9ed", "d9ee"};
        var host = new HostX87(codes[constant.ordinal()]);
        var c = new FpContext();
        for (int rounding = 0; rounding < 4; rounding++) {
            int fcw = 0x37F | rounding << 10;
            host.run(fcw, 0, 0, 0, 0);
            c.useControlWord(fcw);
            constant.load(c);

            assertThat("%x:%x".formatted(c.se, c.sig)).isEqualTo("%x:%x".formatted(host.se0, host.sig0));
        }
    }
}
