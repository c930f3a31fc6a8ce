package io.sluice.vmm.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ScrapeTest {
    @Test
    void aGoodPageIsRead() {
        var page = Scrape.parse("""
                # HELP a_total words
                # TYPE a_total counter
                a_total{x="1",b="say \\"hi\\""} 3.0
                # TYPE h histogram
                h_bucket{le="1.0"} 1
                h_bucket{le="+Inf"} 2
                h_count 2
                h_sum 5.5
                """);

        assertThat(page.value("a_total{b=\"say \\\"hi\\\"\",x=\"1\"}")).isEqualTo(3);
        assertThat(page.sum("h_count")).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a 1\n",
                "# TYPE a counter\na 1",
                "# TYPE a counter\na -1\n",
                "# TYPE a counter\na x\n",
                "# TYPE a counter\na 1\na 1\n",
                "# TYPE a counter\nb 1\n",
                "# TYPE a counter\na{x=1} 1\n",
                "# TYPE a counter\na{x=\"1\" y=\"2\"} 1\n",
                "# TYPE a counter\na 1\n# TYPE b gauge\nb 1\n# HELP a late\n",
                "# TYPE h histogram\nh_bucket{le=\"1\"} 1\n",
                "# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\n",
                "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_count 2\n",
            })
    void aBadPageIsRefused(String text) {
        assertThatThrownBy(() -> Scrape.parse(text)).isInstanceOf(AssertionError.class);
    }
}
