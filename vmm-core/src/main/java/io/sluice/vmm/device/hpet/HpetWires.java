package io.sluice.vmm.device.hpet;

import io.sluice.vmm.irq.IrqLine;
import io.sluice.vmm.irq.MsiTarget;
import java.util.List;

/// Everything that the HPET can raise.
///
/// @param legacyTimer ISA interrupt 0, for timer 0 while legacy replacement is on
/// @param legacyClock ISA interrupt 8, for timer 1 while legacy replacement is on
/// @param replaceLegacy silences the interval timer and the real-time clock on these lines
/// @param pins the I/O APIC's pins 0 to 23, in order
/// @param messages where FSB interrupts go
public record HpetWires(
        IrqLine legacyTimer, IrqLine legacyClock, IrqLine replaceLegacy, List<IrqLine> pins, MsiTarget messages) {
    public static final int PINS = 24;

    public HpetWires {
        pins = List.copyOf(pins);
        if (pins.size() != PINS) {
            throw new IllegalArgumentException("an I/O APIC has 24 pins, not " + pins.size());
        }
    }
}
