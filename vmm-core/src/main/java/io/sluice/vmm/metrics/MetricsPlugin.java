package io.sluice.vmm.metrics;

import io.sluice.vmm.plugin.Plugin;
import io.sluice.vmm.plugin.PluginRegistry;
import io.vertx.core.Vertx;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// Adds `-object metrics`. The process registers it, because it needs the process's Vert.x.
public final class MetricsPlugin implements Plugin {
    private final Supplier<Vertx> vertx;
    private final Consumer<String> say;

    /// @param vertx asked for when the first object is made
    /// @param say takes a line for the user
    public MetricsPlugin(Supplier<Vertx> vertx, Consumer<String> say) {
        this.vertx = vertx;
        this.say = say;
    }

    /// Registers the type for help alone.
    public static void describe(PluginRegistry registry) {
        Supplier<Vertx> none = () -> {
            throw new IllegalStateException("help makes no objects");
        };
        new MetricsPlugin(none, line -> {}).register(registry);
    }

    @Override
    public String name() {
        return "metrics";
    }

    @Override
    public void register(PluginRegistry registry) {
        registry.object(new MetricsType(vertx, say));
    }
}
