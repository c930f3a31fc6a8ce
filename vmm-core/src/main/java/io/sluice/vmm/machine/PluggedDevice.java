package io.sluice.vmm.machine;

import io.sluice.vmm.pci.PciFunction;
import io.sluice.vmm.plugin.Attachable;
import io.sluice.vmm.plugin.DeviceType;
import io.sluice.vmm.plugin.Setting;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A device that the user has added.
final class PluggedDevice {
    /// A request that the guest has not followed for so long can be repeated: 5 s, which is also how long a guest waits
    /// for somebody to think again.
    private static final long PATIENCE_NANOS = 5_000_000_000L;

    /// One request to give the device up; no two are the same.
    private static final class Unplug {
        private final long expires;

        Unplug(long expires) {
            this.expires = expires;
        }
    }

    private final @Nullable String id;
    private final String path;
    private final DeviceType type;
    private final PluginBus bus;
    private final Attachable device;
    private final boolean hotPlugged;
    private final List<Setting> settings;
    private @Nullable Unplug unplug;

    PluggedDevice(
            @Nullable String id,
            String path,
            DeviceType type,
            PluginBus bus,
            Attachable device,
            boolean hotPlugged,
            List<Setting> settings) {
        this.id = id;
        this.path = path;
        this.type = type;
        this.bus = bus;
        this.device = device;
        this.hotPlugged = hotPlugged;
        this.settings = settings;
    }

    @Nullable
    String id() {
        return id;
    }

    String path() {
        return path;
    }

    DeviceType type() {
        return type;
    }

    PluginBus bus() {
        return bus;
    }

    Attachable device() {
        return device;
    }

    MachineEvents.Unplugged event() {
        return new MachineEvents.Unplugged(id, path);
    }

    DeviceInfo info() {
        return new DeviceInfo(
                id, path, type.name(), bus.name(), hotPlugged, type.hotPluggable() && bus.isHotPluggable(), settings);
    }

    /// The function that the guest finds; null if it is no PCI device.
    @Nullable
    PciFunction function() {
        return function(device);
    }

    static @Nullable PciFunction function(Attachable device) {
        return switch (device) {
            case Attachable.Pci pci -> pci.function();
            case Attachable.Port port -> port.port().function();
            case Attachable.Platform platform -> null;
        };
    }

    boolean isCalled(String name) {
        return name.equals(id) || name.equals(path);
    }

    /// @return the token of the new request
    Object requestUnplug(long now) {
        var request = new Unplug(now + PATIENCE_NANOS);
        unplug = request;
        return request;
    }

    boolean isLeaving() {
        return unplug != null;
    }

    /// Whether the request is so young that it is not repeated.
    boolean isLeaving(long now) {
        var request = unplug;
        return request != null && now - request.expires < 0;
    }

    boolean waitsFor(Object request) {
        return unplug == request;
    }

    void stays() {
        unplug = null;
    }
}
