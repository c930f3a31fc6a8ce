/// The high precision event timer: one 100 MHz counter and three comparators.
@NullMarked
package io.sluice.vmm.device.hpet;

import org.jspecify.annotations.NullMarked;
