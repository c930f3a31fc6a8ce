/// ACPI fixed hardware: power management events and control, the PM timer, general purpose events, the SMI command
/// port.
@NullMarked
package io.sluice.vmm.device.acpipm;

import org.jspecify.annotations.NullMarked;
