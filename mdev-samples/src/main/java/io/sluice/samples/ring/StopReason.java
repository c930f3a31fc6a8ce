package io.sluice.samples.ring;

/// Why a client does nothing any more. The constants' places are the numbers that are read.
enum StopReason {
    NONE,
    /// An index that is not in the ring, or a completion taken that was not there.
    BAD_DOORBELL,
    /// The doorbell was rung for a command that was not written: its phase is the last pass's.
    STALE_COMMAND,
    COMMAND_RING_FAULT,
    COMPLETION_RING_FAULT
}
