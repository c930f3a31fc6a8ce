/// The memory of the simulated host: frames, files of memory, and the address spaces of processes.
@NullMarked
package io.sluice.vfio.host.memory;

import org.jspecify.annotations.NullMarked;
