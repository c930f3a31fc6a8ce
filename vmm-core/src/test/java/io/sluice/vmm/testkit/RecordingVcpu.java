package io.sluice.vmm.testkit;

import io.sluice.vmm.irq.VcpuPort;
import java.util.ArrayList;
import java.util.List;

/// A vCPU that does nothing but write down what its APIC tells it. Kicks are counted, not written down.
public final class RecordingVcpu implements VcpuPort {
    private final List<String> events = new ArrayList<>();
    private int kicks;

    @Override
    public void kick() {
        kicks++;
    }

    @Override
    public void nmi() {
        events.add("nmi");
    }

    @Override
    public void smi() {
        events.add("smi");
    }

    @Override
    public void init() {
        events.add("init");
    }

    @Override
    public void startup(int vector) {
        events.add("startup " + vector);
    }

    public List<String> events() {
        return events;
    }

    public int kicks() {
        return kicks;
    }
}
