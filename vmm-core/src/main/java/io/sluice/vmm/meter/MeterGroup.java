package io.sluice.vmm.meter;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/// Meters that come and go together: those of a device, of a vCPU, of a plugin. Any thread.
///
/// Values are asked for on any thread and must not block; a plain field that another thread writes will do.
public final class MeterGroup implements AutoCloseable {
    private final MeterBoard board;
    private final List<Meter> fixed = new CopyOnWriteArrayList<>();
    private final List<Supplier<List<Meter>>> changing = new CopyOnWriteArrayList<>();

    MeterGroup(MeterBoard board) {
        this.board = board;
    }

    /// @throws IllegalArgumentException if the name has been used for another kind of meter
    public void add(Meter meter) {
        board.check(meter);
        fixed.add(meter);
    }

    /// A number that only grows.
    public void counter(
            String name, Meter.Unit unit, String description, Map<String, String> tags, LongSupplier value) {
        add(new Meter.Counter(new Meter.Id(name, tags), new Meter.About(unit, description), value));
    }

    /// A number that goes up and down.
    public void gauge(String name, Meter.Unit unit, String description, Map<String, String> tags, LongSupplier value) {
        add(new Meter.Gauge(new Meter.Id(name, tags), new Meter.About(unit, description), value));
    }

    public void histogram(
            String name, Meter.Unit unit, String description, Map<String, String> tags, LongHistogram values) {
        add(new Meter.Histogram(new Meter.Id(name, tags), new Meter.About(unit, description), values));
    }

    /// Meters that are looked up anew each time, because what they count comes and goes.
    public void addChanging(Supplier<List<Meter>> meters) {
        changing.add(meters);
    }

    void collect(Map<Meter.Id, Meter> all) {
        for (var meter : fixed) {
            all.put(meter.id(), meter);
        }
        for (var supplier : changing) {
            for (var meter : supplier.get()) {
                board.check(meter);
                all.put(meter.id(), meter);
            }
        }
    }

    /// Takes the meters off their board.
    @Override
    public void close() {
        board.remove(this);
    }
}
