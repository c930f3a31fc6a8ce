package io.sluice.vmm.irq;

import org.jspecify.annotations.Nullable;

/// Which of the APIC's registers are MSRs in x2APIC mode, and what of them is reserved (SDM 3A table 10-6).
final class ApicMsrs {
    private static final int FIRST = 0x800;
    private static final int LAST = 0x83F;

    private ApicMsrs() {}

    static @Nullable ApicReg register(int index) {
        if (index < FIRST || index > LAST) {
            return null;
        }
        var register = ApicReg.TABLE.at((index - FIRST) << 4);
        if (register == null) {
            return null;
        }
        return switch (register) {
            case APR, REMOTE_READ, DFR, ICR_HIGH -> null;
            default -> register;
        };
    }

    static boolean isReadable(int index) {
        var register = register(index);
        return register != null && register != ApicReg.EOI && register != ApicReg.SELF_IPI;
    }

    /// Whether writing `value` is allowed: not to a read-only register, and no reserved bit.
    static boolean isWritable(ApicReg register, long value) {
        return switch (register) {
            case EOI, ESR -> value == 0;
            // The destination, and bit 12: a guest that writes back what an xAPIC showed as delivery status is let off.
            case ICR -> (value & ~(0xFFFF_FFFF_0000_1000L | register.spec().writable())) == 0;
            case LDR -> false;
            // Read-only bits of the LVT may be written back.
            case LVT_LINT0, LVT_LINT1 -> (value & ~(register.spec().writable() | 0x5000)) == 0;
            case LVT_TIMER, LVT_THERMAL, LVT_PERFORMANCE, LVT_ERROR ->
                (value & ~(register.spec().writable() | 0x1000)) == 0;
            default ->
                register.spec().writable() != 0 && (value & ~register.spec().writable()) == 0;
        };
    }
}
