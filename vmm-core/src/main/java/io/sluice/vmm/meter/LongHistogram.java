package io.sluice.vmm.meter;

import java.util.Arrays;

/// How often a value fell into each of some ranges that double: up to 2^k, up to 2^(k+1), and so on.
///
/// One thread at a time records; it costs two adds. Any thread takes a [#snapshot], whose count is the sum of its
/// buckets, so they agree; its sum may be a value or two behind.
public final class LongHistogram {
    private final int firstPower;
    private final long[] buckets;
    private long sum;

    /// @param firstPower values up to `2^firstPower` share the first bucket
    /// @param lastPower values above `2^lastPower` share the last
    public LongHistogram(int firstPower, int lastPower) {
        if (firstPower < 0 || lastPower < firstPower || lastPower > 62) {
            throw new IllegalArgumentException("no buckets from 2^" + firstPower + " to 2^" + lastPower);
        }
        this.firstPower = firstPower;
        this.buckets = new long[lastPower - firstPower + 2];
    }

    /// For times in nanoseconds: from 32 ns to 17 s.
    public static LongHistogram ofNanos() {
        return new LongHistogram(5, 34);
    }

    /// Values below 0 count as 0.
    public void record(long value) {
        long counted = Math.max(0, value);
        int power = counted <= 1 ? 0 : Long.SIZE - Long.numberOfLeadingZeros(counted - 1);
        buckets[Math.clamp(power - firstPower, 0, buckets.length - 1)]++;
        sum += counted;
    }

    /// @param bounds highest value of each bucket, inclusive; the last bucket has none and so no bound here
    /// @param counts values in each bucket, one more than there are bounds
    public record Snapshot(long[] bounds, long[] counts, long sum) {
        public long count() {
            return Arrays.stream(counts).sum();
        }
    }

    public Snapshot snapshot() {
        var bounds = new long[buckets.length - 1];
        Arrays.setAll(bounds, i -> 1L << firstPower + i);
        return new Snapshot(bounds, buckets.clone(), sum);
    }
}
