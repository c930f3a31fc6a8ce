/// The 16550A serial port. What it sends and receives goes through [UartHost].
@NullMarked
package io.sluice.vmm.device.uart;

import org.jspecify.annotations.NullMarked;
