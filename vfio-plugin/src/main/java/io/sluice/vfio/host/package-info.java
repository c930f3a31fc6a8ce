/// The simulated host, and the words in which its kernel refuses. Below it: its memory, its IOMMUs, its processes and
/// their files, its PCI devices.
@NullMarked
package io.sluice.vfio.host;

import org.jspecify.annotations.NullMarked;
