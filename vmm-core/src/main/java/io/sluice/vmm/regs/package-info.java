/// Register tables: what a data sheet says of a register, in one line each. Knows no device and no bus.
@NullMarked
package io.sluice.vmm.regs;

import org.jspecify.annotations.NullMarked;
