/// What a plugin may add to the machine: device types for `-device`, object types for `-object`, guest images.
/// Found by ServiceLoader; the machine knows nothing else of a plugin.
@NullMarked
package io.sluice.vmm.plugin;

import org.jspecify.annotations.NullMarked;
