package io.sluice.vmm.cpu.state;

import io.sluice.vmm.address.Gva;

/// Where a debugger wants a vCPU to stop. Addresses are linear. Guest memory and debug registers are left alone.
public sealed interface DebugPoint {
    /// Stops before the instruction at `at`.
    ///
    /// @param hardware what the debugger calls it; the two kinds are set and cleared apart
    record Code(Gva at, boolean hardware) implements DebugPoint {}

    /// Stops behind an instruction that touched one of `[first, last]`, both inclusive.
    record Data(Gva first, Gva last, Access access) implements DebugPoint {}

    /// Which data accesses count.
    enum Access {
        READ,
        WRITE,
        ANY;

        public boolean reads() {
            return this != WRITE;
        }

        public boolean writes() {
            return this != READ;
        }
    }
}
