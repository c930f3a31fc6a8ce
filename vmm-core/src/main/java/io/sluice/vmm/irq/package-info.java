/// Interrupt lines, messages, the local APIC and how they are routed.
@NullMarked
package io.sluice.vmm.irq;

import org.jspecify.annotations.NullMarked;
