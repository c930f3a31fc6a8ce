/// Interrupt lines, messages, the local APIC and how they are routed.
///
/// Three kinds of owner: lines and pins live on the strand of the interrupt controllers, the registers of a
/// [io.sluice.vmm.irq.LocalApic] on the thread of its vCPU, and what travels between them is an atomic bit.
/// Nothing here waits.
@NullMarked
package io.sluice.vmm.irq;

import org.jspecify.annotations.NullMarked;
