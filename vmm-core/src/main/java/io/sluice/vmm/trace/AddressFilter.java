package io.sluice.vmm.trace;

import java.util.ArrayList;
import java.util.List;

/// Which addresses `exec`, `in_asm` and `cpu` tell of (`-dfilter`): ranges `first..last`, both inclusive, unsigned.
public final class AddressFilter {
    /// Every address.
    public static final AddressFilter ALL = new AddressFilter(List.of());

    /// Addresses as unsigned 64-bit numbers.
    private record Range(long first, long last) {
        boolean holds(long address) {
            return Long.compareUnsigned(address, first) >= 0 && Long.compareUnsigned(address, last) <= 0;
        }
    }

    private final List<Range> ranges;

    private AddressFilter(List<Range> ranges) {
        this.ranges = List.copyOf(ranges);
    }

    /// Reads `RANGE[,RANGE...]`, a range being `first..last`, `first+length` or `last-length`.
    ///
    /// @throws IllegalArgumentException with one line that says what is wrong
    public static AddressFilter parse(String text) {
        var ranges = new ArrayList<Range>();
        for (var word : text.split(",", -1)) {
            ranges.add(range(word));
        }
        return new AddressFilter(ranges);
    }

    private static Range range(String word) {
        int dots = word.indexOf("..");
        int sign = Math.max(word.indexOf('+'), word.indexOf('-'));
        if (dots > 0) {
            return checked(word, number(word, 0, dots), number(word, dots + 2, word.length()));
        }
        if (sign <= 0) {
            throw new IllegalArgumentException(
                    "bad range specifier '" + word + "': say FIRST..LAST, FIRST+LENGTH or" + " LAST-LENGTH");
        }
        long at = number(word, 0, sign);
        long reach = number(word, sign + 1, word.length()) - 1;
        return word.charAt(sign) == '+' ? checked(word, at, at + reach) : checked(word, at - reach, at);
    }

    private static Range checked(String word, long first, long last) {
        if (Long.compareUnsigned(first, last) > 0) {
            throw new IllegalArgumentException("invalid range '" + word + "'");
        }
        return new Range(first, last);
    }

    /// Hexadecimal with `0x`, octal with a leading 0, decimal otherwise, as C reads it.
    private static long number(String word, int from, int to) {
        var digits = word.substring(from, to);
        try {
            if (digits.startsWith("0x") || digits.startsWith("0X")) {
                return Long.parseUnsignedLong(digits.substring(2), 16);
            }
            boolean octal = digits.length() > 1 && digits.charAt(0) == '0';
            return Long.parseUnsignedLong(digits, octal ? 8 : 10);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("failed to parse number '" + digits + "' in '" + word + "'", e);
        }
    }

    public boolean holds(long address) {
        for (int i = 0; i < ranges.size(); i++) {
            if (ranges.get(i).holds(address)) {
                return true;
            }
        }
        return ranges.isEmpty();
    }
}
