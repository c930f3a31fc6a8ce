package io.sluice.vmm.device.rtc;

import java.util.List;

/// What a snapshot stores of the clock: both banks of memory with the registers in them, and how its time relates to
/// the
/// machine's clock.
public record RtcState(
        List<Byte> memory,
        List<Byte> extended,
        int index,
        int extendedIndex,
        boolean nmiMasked,
        int flags,
        long offsetSeconds,
        long phase,
        boolean frozen,
        boolean dividerReset,
        long lastSecond,
        long lastPeriodic) {}
