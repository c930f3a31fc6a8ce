package io.sluice.vmm.device.rtc;

import static io.sluice.vmm.regs.RegisterSpec.at;

import io.sluice.vmm.regs.Register;
import io.sluice.vmm.regs.RegisterSpec;
import io.sluice.vmm.regs.RegisterTable;

/// The registers of an MC146818A by their index behind port 0x70; all other indices are plain memory.
enum RtcReg implements Register {
    SECONDS(at(0x00).writable(0xFF)),
    SECONDS_ALARM(at(0x01).writable(0xFF)),
    MINUTES(at(0x02).writable(0xFF)),
    MINUTES_ALARM(at(0x03).writable(0xFF)),
    HOURS(at(0x04).writable(0xFF)),
    HOURS_ALARM(at(0x05).writable(0xFF)),
    WEEKDAY(at(0x06).writable(0xFF)),
    DAY(at(0x07).writable(0xFF)),
    MONTH(at(0x08).writable(0xFF)),
    YEAR(at(0x09).writable(0xFF)),
    /// Update in progress (bit 7), divider, rate.
    A(at(0x0A).reset(0x26).writable(0x7F)),
    /// SET, interrupt enables, square wave, binary (bit 2), 24 hours (bit 1), daylight saving.
    B(at(0x0B).reset(0x02).writable(0xFF)),
    /// Interrupt flags; a read clears them.
    C(at(0x0C)),
    /// Valid RAM and time.
    D(at(0x0D).reset(0x80)),
    /// The PC's century byte.
    CENTURY(at(0x32).writable(0xFF));

    static final RegisterTable<RtcReg> TABLE = new RegisterTable<>(values());

    private final RegisterSpec spec;

    RtcReg(RegisterSpec spec) {
        this.spec = spec;
    }

    @Override
    public RegisterSpec spec() {
        return spec;
    }

    int index() {
        return spec.offset();
    }
}
