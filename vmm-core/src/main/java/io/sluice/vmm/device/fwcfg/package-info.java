/// The firmware configuration interface (`fw_cfg`): named and numbered items that a guest reads by ports or by DMA.
/// See docs/devices/fwcfg.md. Runs on one strand; a long transfer goes in slices.
@NullMarked
package io.sluice.vmm.device.fwcfg;

import org.jspecify.annotations.NullMarked;
