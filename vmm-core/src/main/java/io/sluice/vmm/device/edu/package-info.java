/// The `edu` device: a PCI function to learn drivers on, with registers as QEMU documents them. See
/// docs/devices/edu.md. Runs on its function's strand; the long parts of its work are queued there.
@NullMarked
package io.sluice.vmm.device.edu;

import org.jspecify.annotations.NullMarked;
