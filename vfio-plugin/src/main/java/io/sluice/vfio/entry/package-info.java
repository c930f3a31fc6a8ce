/// What the virtual machine sees of this module: the plugin, `-object host`, `-object iommufd`, `-object mdev` and
/// `-device vfio-pci`. A machine is a process of its simulated host and opens devices by their files. Runs on the
/// thread
/// that owns the machine.
@NullMarked
package io.sluice.vfio.entry;

import org.jspecify.annotations.NullMarked;
