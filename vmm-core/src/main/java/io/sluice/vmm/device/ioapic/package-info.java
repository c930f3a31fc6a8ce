/// The I/O APIC: 24 pins that become messages to local APICs. Lives on the strand of the interrupt controllers.
@NullMarked
package io.sluice.vmm.device.ioapic;

import org.jspecify.annotations.NullMarked;
