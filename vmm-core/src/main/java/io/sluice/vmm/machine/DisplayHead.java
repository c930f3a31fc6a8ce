package io.sluice.vmm.machine;

import io.sluice.vmm.plugin.Display;
import org.jspecify.annotations.Nullable;

/// One head of a device that shows pictures.
///
/// @param device its id, if the user gave it one
/// @param head which of the device's, from 0
public record DisplayHead(@Nullable String device, int head, Display display) {}
