package io.sluice.vmm.plugin;

/// What one property of a device or an object is.
///
/// @param type QEMU's word for its type
/// @param value a [Boolean], [Long] or [String]; the empty text if nobody gave one and there is no default
public record Setting(String name, String type, Object value) {}
