package io.sluice.vmm.machine;

import org.jspecify.annotations.Nullable;

/// What becomes of devices that come and go. On the thread that owns the machine; returns at once.
public interface DeviceEvents {
    DeviceEvents NONE = new DeviceEvents() {
        @Override
        public void deleted(@Nullable String id, String path) {}

        @Override
        public void unplugRefused(@Nullable String id, String path) {}
    };

    /// A device is gone, and all that it held is given back.
    ///
    /// @param id the user's name for it, if it had one
    /// @param path its place in the object tree
    void deleted(@Nullable String id, String path);

    /// The guest keeps a device that it was asked to let go.
    void unplugRefused(@Nullable String id, String path);
}
