package io.sluice.vmm.metrics;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.sluice.vmm.meter.MeterBoard;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.Map;

/// The text of all meters there are. One thread at a time.
final class Exposition implements AutoCloseable {
    /// A text as young as this is served again, so that no storm of requests keeps a loop busy.
    static final long FRESH_NANOS = 50_000_000;

    /// The formats that can be asked for.
    enum Format {
        TEXT("text/plain; version=0.0.4; charset=utf-8"),
        OPEN_METRICS("application/openmetrics-text; version=1.0.0; charset=utf-8");

        private final String contentType;

        Format(String contentType) {
            this.contentType = contentType;
        }

        String contentType() {
            return contentType;
        }
    }

    private record Page(byte[] text, long made) {}

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JvmGcMetrics garbageCollection = new JvmGcMetrics();
    private final MeterBinding binding;
    private final Map<Format, Page> pages = new EnumMap<>(Format.class);

    Exposition(MeterBoard board) {
        binding = new MeterBinding(board, registry);
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        garbageCollection.bindTo(registry);
    }

    MeterRegistry registry() {
        return registry;
    }

    /// The text now.
    byte[] render(Format format) {
        binding.update();
        return registry.scrape(format.contentType()).getBytes(StandardCharsets.UTF_8);
    }

    /// The text now, or one that is hardly older.
    byte[] page(Format format) {
        long now = System.nanoTime();
        var page = pages.get(format);
        if (page == null || now - page.made > FRESH_NANOS) {
            page = new Page(render(format), now);
            pages.put(format, page);
        }
        return page.text;
    }

    @Override
    public void close() {
        garbageCollection.close();
        registry.close();
    }
}
