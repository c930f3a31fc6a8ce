/// What the virtual machine sees of this module: the plugin, `-object mdev` and `-device vfio-pci`. Runs on the thread
/// that builds the machine. Migration, PASIDs and iommufd join here with the rooms that hold them.
@NullMarked
package io.sluice.vfio.entry;

import org.jspecify.annotations.NullMarked;
