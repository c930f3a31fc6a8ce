/// The tables that firmware leaves for an operating system: ACPI (6.4) with its DSDT in AML, and SMBIOS. Every byte is
/// a function of an [io.sluice.vmm.boot.acpi.AcpiConfig]; nothing here touches memory.
@NullMarked
package io.sluice.vmm.boot.acpi;

import org.jspecify.annotations.NullMarked;
