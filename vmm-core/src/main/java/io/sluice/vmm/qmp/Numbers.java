package io.sluice.vmm.qmp;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/// Doubles as QEMU writes them: C's `%.17g`.
final class Numbers {
    private static final int DIGITS = 17;
    private static final MathContext ROUNDING = new MathContext(DIGITS, RoundingMode.HALF_EVEN);

    private Numbers() {}

    static String text(double number) {
        if (number == 0) {
            return 1 / number < 0 ? "-0" : "0";
        }
        if (Double.isNaN(number) || Double.isInfinite(number)) {
            return "null"; // JSON has none of these
        }
        var rounded = new BigDecimal(number).round(ROUNDING).stripTrailingZeros();
        int exponent = rounded.precision() - rounded.scale() - 1;
        if (exponent >= -4 && exponent < DIGITS) {
            return rounded.toPlainString();
        }
        var digits = rounded.unscaledValue().abs().toString();
        var text = new StringBuilder(number < 0 ? "-" : "").append(digits.charAt(0));
        if (digits.length() > 1) {
            text.append('.').append(digits, 1, digits.length());
        }
        text.append(exponent < 0 ? "e-" : "e+");
        int size = Math.abs(exponent);
        return text.append(size < 10 ? "0" : "").append(size).toString();
    }
}
