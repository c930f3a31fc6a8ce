package io.sluice.vmm.machine;

import io.sluice.vmm.plugin.Setting;
import java.util.List;

/// What the user may know of an object that was made.
///
/// @param settings what its properties are
public record ObjectInfo(String id, String type, List<Setting> settings) {
    public ObjectInfo {
        settings = List.copyOf(settings);
    }
}
