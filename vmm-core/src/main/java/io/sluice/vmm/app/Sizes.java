package io.sluice.vmm.app;

import java.math.BigDecimal;
import java.util.regex.Pattern;

/// Sizes as people write them: `512`, `512M`, `1.5G`.
final class Sizes {
    private static final Pattern TEXT = Pattern.compile("(\\d{1,12}(?:\\.\\d{1,6})?)([bBkKmMgGtT]?)");

    private Sizes() {}

    /// Bytes; a number without a suffix counts mebibytes.
    static long bytes(String option, String text) {
        var match = TEXT.matcher(text);
        if (!match.matches()) {
            throw new UsageException(
                    option + " " + text + ": not a size; write a number with K, M, G or T, such as 512M");
        }
        long unit = unit(match.group(2));
        return new BigDecimal(match.group(1)).multiply(BigDecimal.valueOf(unit)).longValue();
    }

    private static long unit(String suffix) {
        return switch (suffix) {
            case "b", "B" -> 1;
            case "k", "K" -> 1L << 10;
            case "g", "G" -> 1L << 30;
            case "t", "T" -> 1L << 40;
            default -> 1L << 20;
        };
    }
}
