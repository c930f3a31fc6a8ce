/// The 8254 interval timer and port 0x61. All values are computed from the machine's clock when they are looked at.
@NullMarked
package io.sluice.vmm.device.pit;

import org.jspecify.annotations.NullMarked;
