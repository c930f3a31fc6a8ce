/// What a plugin may add to the machine: device types for `-device`, object types for `-object`, guest images.
/// Found by ServiceLoader; the machine knows nothing else of a plugin. The devices that come with the machine are
/// registered the same way, by [BuiltinDevices]. Runs on the thread that builds the machine.
@NullMarked
package io.sluice.vmm.plugin;

import org.jspecify.annotations.NullMarked;
