package io.sluice.vmm.plugin;

/// Hears how the preparation of a guest goes.
public interface Progress {
    /// @param total 0 if it is not known
    void step(String what, long done, long total);
}
