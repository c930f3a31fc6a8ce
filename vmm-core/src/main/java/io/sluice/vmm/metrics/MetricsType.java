package io.sluice.vmm.metrics;

import io.sluice.vmm.plugin.DeviceContext;
import io.sluice.vmm.plugin.ObjectType;
import io.sluice.vmm.plugin.PluginException;
import io.sluice.vmm.plugin.Property;
import io.sluice.vmm.plugin.PropertyValues;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// `-object metrics,id=…,listen=HOST:PORT|unix:PATH[,path=/metrics]`.
final class MetricsType implements ObjectType {
    private final Supplier<Vertx> vertx;
    private final Consumer<String> say;

    MetricsType(Supplier<Vertx> vertx, Consumer<String> say) {
        this.vertx = vertx;
        this.say = say;
    }

    @Override
    public String name() {
        return "metrics";
    }

    @Override
    public String description() {
        return "Serves the machine's meters as Prometheus text over HTTP";
    }

    @Override
    public List<Property> properties() {
        return List.of(
                Property.string("listen", "HOST:PORT (host: loopback if left out; port 0: any) or unix:PATH; required"),
                new Property("path", Property.Kind.STRING, "Path of the page", "/metrics"));
    }

    @Override
    public UserObject create(String id, DeviceContext context, PropertyValues properties) {
        var listen = ListenAddress.parse(properties.required("listen"));
        var path = properties.required("path");
        if (!path.startsWith("/") || path.chars().anyMatch(c -> c <= ' ' || c >= 0x7F || c == '?' || c == '#')) {
            throw new PluginException("Parameter 'path' expects a path such as /metrics");
        }
        var use = context.meters().use();
        var exposition = new Exposition(context.meters());
        // Slow the first time, so better here than on a loop.
        exposition.render(Exposition.Format.TEXT);
        MetricsServer server;
        try {
            server = MetricsServer.start(vertx.get(), listen, path, exposition, MetricsServer.CONNECTION_MILLIS);
        } catch (PluginException e) {
            exposition.close();
            use.close();
            throw e;
        }
        if (listen instanceof ListenAddress.Inet inet && inet.address().getPort() == 0) {
            say.accept("metrics " + id + ": http://" + inet.withPort(server.port()) + path);
        }
        return () -> {
            server.close();
            exposition.close();
            use.close();
        };
    }
}
