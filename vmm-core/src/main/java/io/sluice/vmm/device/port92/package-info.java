/// Small system ports: fast A20 and reset (0x92), reset control (0xCF9), POST codes (0x80).
@NullMarked
package io.sluice.vmm.device.port92;

import org.jspecify.annotations.NullMarked;
