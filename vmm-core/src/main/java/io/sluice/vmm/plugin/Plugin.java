package io.sluice.vmm.plugin;

/// Something that adds to the machine. Found by ServiceLoader; one instance serves one virtual machine.
public interface Plugin {
    String name();

    void register(PluginRegistry registry);
}
