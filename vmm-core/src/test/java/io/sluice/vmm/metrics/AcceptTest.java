package io.sluice.vmm.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class AcceptTest {
    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            text/plain                                                           | TEXT
            */*                                                                  | TEXT
            application/vnd.google.protobuf;proto=io.prometheus.client           | TEXT
            application/openmetrics-text                                         | OPEN_METRICS
            application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.2    | OPEN_METRICS
            application/openmetrics-text;q=0.2, text/plain;q=0.9                 | TEXT
            APPLICATION/OpenMetrics-Text ; q=0.4, */*;q=0.1                      | OPEN_METRICS
            application/openmetrics-text;q=0                                     | TEXT
            application/openmetrics-text;q=NaN                                   | TEXT
            application/openmetrics-text;q=much                                  | TEXT
            ,;,;q=                                                               | TEXT
            """)
    void theFormatIsWhatTheClientLikesBest(String header, Exposition.Format format) {
        assertThat(Accept.format(header)).isEqualTo(format);
    }

    @Test
    void plainTextIsForWhoSaysNothing() {
        assertThat(Accept.format(null)).isEqualTo(Exposition.Format.TEXT);
    }
}
