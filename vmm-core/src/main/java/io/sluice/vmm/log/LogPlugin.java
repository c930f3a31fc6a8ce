package io.sluice.vmm.log;

import io.sluice.vmm.plugin.Plugin;
import io.sluice.vmm.plugin.PluginRegistry;

/// Adds `-object log`.
public final class LogPlugin implements Plugin {
    @Override
    public String name() {
        return "log";
    }

    @Override
    public void register(PluginRegistry registry) {
        registry.object(new LogObject());
    }
}
