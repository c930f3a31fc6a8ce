package io.sluice.vmm.cpu.state;

import io.sluice.vmm.address.Gva;

/// Why a vCPU stopped for its debugger.
public sealed interface DebugStop {
    /// The instruction at `at` is next, and it has a breakpoint.
    record AtCode(DebugPoint.Code point) implements DebugStop {}

    /// The last instruction touched `at`, the first byte of those that `point` watches.
    record OnData(DebugPoint.Data point, Gva at) implements DebugStop {}

    /// The one instruction that was asked for is done.
    record Stepped() implements DebugStop {}
}
