/// Devices that bare-metal test guests written for QEMU expect: `pci-testdev` and `pc-testdev`. See
/// docs/devices/pci-testdev.md. Each runs on one strand.
@NullMarked
package io.sluice.vmm.device.pcitest;

import org.jspecify.annotations.NullMarked;
