/// Mediated devices: the bus of one simulated host, its parents, types and instances. An author of a device writes one
/// [MdevDriver]. Bus, parents and instances are for any thread; a device itself runs on the strand of its instance. An
/// mdev binds to vfio and to nothing else.
@NullMarked
package io.sluice.vfio.mdev;

import org.jspecify.annotations.NullMarked;
