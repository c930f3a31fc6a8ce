package io.sluice.vfio.entry;

import io.sluice.vfio.mdev.MdevBus;
import io.sluice.vfio.mdev.MdevDriver;
import io.sluice.vmm.plugin.Plugin;
import io.sluice.vmm.plugin.PluginRegistry;
import java.util.ServiceLoader;

/// Gives one virtual machine its simulated host: an mdev bus with every driver that is to be found.
public final class VfioPlugin implements Plugin {
    @Override
    public String name() {
        return "vfio";
    }

    @Override
    public void register(PluginRegistry registry) {
        var bus = new MdevBus();
        ServiceLoader.load(MdevDriver.class).forEach(bus::register);
        registry.object(new MdevObject(bus));
        registry.device(new VfioPciType(bus));
        registry.machine(context -> MdevWatch.over(bus, context));
        registry.commands(context -> new MdevCommands(bus, context).commands());
        registry.info("mdev", () -> MdevCommands.lines(bus));
        MdevEvents.all().forEach(registry::event);
    }
}
