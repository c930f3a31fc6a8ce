package io.sluice.vmm.machine;

import io.sluice.vmm.plugin.Setting;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What the user may know of a device that was added.
///
/// @param id the user's name for it, if it has one
/// @param path its place in the object tree
/// @param bus the bus that it sits on
/// @param hotPlugged whether it came while the machine lived
/// @param hotPluggable whether it can go while the machine lives
/// @param settings what its properties are
public record DeviceInfo(
        @Nullable String id,
        String path,
        String type,
        String bus,
        boolean hotPlugged,
        boolean hotPluggable,
        List<Setting> settings) {
    public DeviceInfo {
        settings = List.copyOf(settings);
    }
}
