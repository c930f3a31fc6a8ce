package io.sluice.vmm.machine;

import io.sluice.vmm.disk.DiskFile;
import io.sluice.vmm.disk.DriveStats;
import org.jspecify.annotations.Nullable;

/// What the user may know of a drive.
///
/// @param device the id of the device that has it, or its path; null if none has
public record DriveInfo(String id, @Nullable String device, DiskFile file, DriveStats stats) {}
