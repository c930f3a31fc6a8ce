package io.sluice.vmm.machine;

import org.jspecify.annotations.Nullable;

/// What the user may know of a device that was added.
///
/// @param id the user's name for it, if it has one
/// @param path its place in the object tree
/// @param bus the bus that it sits on
public record DeviceInfo(@Nullable String id, String path, String type, String bus) {}
