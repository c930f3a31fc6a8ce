package io.sluice.vmm.metrics;

import io.micrometer.core.instrument.Meter.Type;
import io.micrometer.core.instrument.config.NamingConvention;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.sluice.vmm.meter.Meter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Our histograms as Prometheus has them.
final class HistogramSnapshots {
    private HistogramSnapshots() {}

    static MetricSnapshots of(List<Meter.Histogram> histograms, NamingConvention names) {
        Map<String, HistogramSnapshot.Builder> families = new LinkedHashMap<>();
        for (var histogram : histograms) {
            var about = histogram.about();
            families.computeIfAbsent(
                            histogram.id().name(),
                            name -> HistogramSnapshot.builder()
                                    .name(names.name(
                                            name, Type.DISTRIBUTION_SUMMARY, MeterBinding.baseUnit(about.unit())))
                                    .help(about.description()))
                    .dataPoint(point(histogram, names));
        }
        var all = MetricSnapshots.builder();
        families.values().forEach(family -> all.metricSnapshot(family.build()));
        return all.build();
    }

    private static HistogramSnapshot.HistogramDataPointSnapshot point(
            Meter.Histogram histogram, NamingConvention names) {
        double scale = MeterBinding.scale(histogram.about().unit());
        var values = histogram.values().snapshot();
        var buckets = ClassicHistogramBuckets.builder();
        for (int i = 0; i < values.bounds().length; i++) {
            buckets.bucket(values.bounds()[i] * scale, values.counts()[i]);
        }
        buckets.bucket(Double.POSITIVE_INFINITY, values.counts()[values.bounds().length]);
        var labels = Labels.builder();
        histogram.id().tags().forEach((key, value) -> labels.label(names.tagKey(key), value));
        return HistogramSnapshot.HistogramDataPointSnapshot.builder()
                .classicHistogramBuckets(buckets.build())
                .sum(values.sum() * scale)
                .labels(labels.build())
                .build();
    }
}
