package io.sluice.vfio.entry;

import io.sluice.vmm.plugin.Plugin;
import io.sluice.vmm.plugin.PluginRegistry;
import io.sluice.vmm.trace.Trace;

/// Gives one virtual machine its simulated host, or its place on one that others stand on too.
public final class VfioPlugin implements Plugin {
    private final SimulatedHost host;

    /// With a host of its own.
    public VfioPlugin() {
        this(new SimulatedHost(Trace.none()));
    }

    /// @param host may be other machines' too
    public VfioPlugin(SimulatedHost host) {
        this.host = host;
    }

    @Override
    public String name() {
        return "vfio";
    }

    @Override
    public void register(PluginRegistry registry) {
        var mdevs = host.mdevs();
        var iommufds = new IommufdObject(new MachineProcess(host));
        registry.object(new HostObject(host));
        registry.object(new MdevObject(mdevs));
        registry.object(iommufds);
        registry.device(new VfioPciType(host, iommufds));
        registry.machine(context -> {
            host.kernel().trace(context.trace());
            MdevWatch.over(mdevs, context);
        });
        registry.commands(context -> new MdevCommands(mdevs, context).commands());
        registry.info("host", host::lines);
        registry.info("mdev", () -> MdevCommands.lines(mdevs));
        MdevEvents.all().forEach(registry::event);
    }
}
