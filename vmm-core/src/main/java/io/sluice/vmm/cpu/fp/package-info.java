/// IEEE 754 arithmetic as x87 and SSE have it: every rounding mode, every exception flag, 80-bit numbers. Pure
/// functions over an [FpContext] that the caller owns; imports nothing but the JDK, allocates nothing after class
/// initialisation, never throws for a value.
@NullMarked
package io.sluice.vmm.cpu.fp;

import org.jspecify.annotations.NullMarked;
