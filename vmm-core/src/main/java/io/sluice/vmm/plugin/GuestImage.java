package io.sluice.vmm.plugin;

/// A guest that can be booted by its name.
public interface GuestImage {
    String name();

    /// One line for the list of images.
    String description();

    /// Builds or fetches what is missing. Takes its time; not for a loop.
    ///
    /// @throws PluginException if it cannot be had; the message says what to do
    PreparedGuest prepare(Progress progress);
}
