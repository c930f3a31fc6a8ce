package io.sluice.vfio.host.pci;

import io.sluice.vfio.host.HostException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A driver that takes functions by the start of their label, and writes down what it is told.
final class TestDriver implements HostDriver {
    final List<String> told = new ArrayList<>();
    private final String name;
    private boolean vfs;
    private boolean vfio;

    @Nullable
    HostException refusal;

    Runnable onProbe = () -> {};

    TestDriver(String name) {
        this.name = name;
    }

    TestDriver withVfs() {
        vfs = true;
        return this;
    }

    TestDriver asVfio() {
        vfio = true;
        return this;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public boolean matches(HostFunction function) {
        return function.label().equals(name);
    }

    @Override
    public boolean managesDma() {
        return vfio;
    }

    @Override
    public boolean enablesVfs() {
        return vfs;
    }

    @Override
    public void probe(HostFunction function) {
        told.add("probe " + function.label());
        onProbe.run();
        var no = refusal;
        if (no != null) {
            throw no;
        }
    }

    @Override
    public void remove(HostFunction function) {
        told.add("remove " + function.label());
    }
}
