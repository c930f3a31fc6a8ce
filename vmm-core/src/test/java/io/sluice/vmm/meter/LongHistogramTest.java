package io.sluice.vmm.meter;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class LongHistogramTest {
    @ParameterizedTest(name = "{0} is in bucket {1}")
    @CsvSource({
        "-5, 0",
        "0, 0",
        "1, 0",
        "4, 0",
        "5, 1",
        "8, 1",
        "9, 2",
        "16, 2",
        "17, 3",
        "32, 3",
        "33, 4",
        "9223372036854775807, 4"
    })
    void aBucketHoldsValuesUpToItsBound(long value, int bucket) {
        var histogram = new LongHistogram(2, 5);

        histogram.record(value);

        assertThat(histogram.snapshot().bounds()).containsExactly(4, 8, 16, 32);
        assertThat(histogram.snapshot().counts()[bucket]).isEqualTo(1);
        assertThat(histogram.snapshot().count()).isEqualTo(1);
    }

    @Test
    void theSumIsOfAllValues() {
        var histogram = LongHistogram.ofNanos();

        histogram.record(100);
        histogram.record(-1);
        histogram.record(23);

        assertThat(histogram.snapshot().sum()).isEqualTo(123);
    }
}
