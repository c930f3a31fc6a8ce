package io.sluice.vmm.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.sluice.vmm.meter.Meter;
import io.sluice.vmm.meter.MeterBoard;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Keeps a Micrometer registry in step with a board: what appears there is registered, what went is removed.
///
/// Counters and gauges become Micrometer's, which ask for their value when they are read. A histogram of ours has its
/// buckets already; Micrometer can only record values one by one, so histograms go to the Prometheus registry behind
/// it, under the names that Micrometer would give them.
final class MeterBinding implements MultiCollector {
    private static final double NANOS = 1e-9;

    private final MeterBoard board;
    private final PrometheusMeterRegistry registry;
    private final Map<Meter.Id, Entry> bound = new HashMap<>();
    private Map<Meter.Id, Meter> meters = Map.of();

    /// A meter that is registered.
    private record Entry(Bound shown, io.micrometer.core.instrument.Meter meter) {}

    /// What a registered meter shows at present: the owner of a name may be made anew.
    private static final class Bound {
        private Meter shown;

        Bound(Meter shown) {
            this.shown = shown;
        }

        double value() {
            return switch (shown) {
                case Meter.Counter counter ->
                    counter.value().getAsLong() * scale(shown.about().unit());
                case Meter.Gauge gauge ->
                    gauge.value().getAsLong() * scale(shown.about().unit());
                case Meter.Histogram histogram -> histogram.values().snapshot().count();
            };
        }
    }

    MeterBinding(MeterBoard board, PrometheusMeterRegistry registry) {
        this.board = board;
        this.registry = registry;
        registry.getPrometheusRegistry().register(this);
    }

    static double scale(Meter.Unit unit) {
        return switch (unit) {
            case NONE, BYTES -> 1;
            case SECONDS -> NANOS;
        };
    }

    /// What stands at the end of a name.
    static @Nullable String baseUnit(Meter.Unit unit) {
        return unit == Meter.Unit.NONE ? null : unit.text();
    }

    /// Looks at the board.
    void update() {
        meters = board.meters();
        bound.entrySet().removeIf(entry -> {
            boolean gone = !meters.containsKey(entry.getKey());
            if (gone) {
                registry.remove(entry.getValue().meter());
            }
            return gone;
        });
        meters.forEach((id, meter) -> {
            var there = bound.get(id);
            if (there != null) {
                there.shown().shown = meter;
            } else if (!(meter instanceof Meter.Histogram)) {
                bound.put(id, bind(meter));
            }
        });
    }

    private Entry bind(Meter meter) {
        var made = new Bound(meter);
        var name = meter.id().name();
        var tags = Tags.of(meter.id().tags().entrySet().stream()
                .map(e -> io.micrometer.core.instrument.Tag.of(e.getKey(), e.getValue()))
                .toList());
        var description = meter.about().description();
        var baseUnit = baseUnit(meter.about().unit());
        var registered = switch (meter) {
            case Meter.Counter counter ->
                FunctionCounter.builder(name, made, Bound::value)
                        .tags(tags)
                        .description(description)
                        .baseUnit(baseUnit)
                        .register(registry);
            case Meter.Gauge gauge ->
                Gauge.builder(name, made, Bound::value)
                        .tags(tags)
                        .description(description)
                        .baseUnit(baseUnit)
                        .register(registry);
            case Meter.Histogram histogram -> throw new IllegalStateException("a histogram is collected, not bound");
        };
        return new Entry(made, registered);
    }

    @Override
    public MetricSnapshots collect() {
        var histograms = new ArrayList<Meter.Histogram>();
        for (var meter : meters.values()) {
            if (meter instanceof Meter.Histogram histogram) {
                histograms.add(histogram);
            }
        }
        return HistogramSnapshots.of(histograms, registry.config().namingConvention());
    }
}
