package io.sluice.vmm.plugin;

import org.jspecify.annotations.Nullable;

/// Something that shows a picture: one head of a graphics card. For the thread that owns the machine.
@FunctionalInterface
public interface Display {
    /// What it shows now; null if it shows nothing, for the guest has set no mode.
    @Nullable
    Surface surface();
}
