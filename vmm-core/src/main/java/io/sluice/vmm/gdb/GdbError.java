package io.sluice.vmm.gdb;

/// Why a request is refused: the numbers of `E` replies.
enum GdbError {
    /// Longer than a packet may be.
    TOO_LONG(7),
    /// There is no memory there.
    FAULT(14),
    /// The request makes no sense.
    INVALID(22),
    /// There are too many already.
    NO_SPACE(28);

    private final String reply;

    GdbError(int number) {
        reply = String.format("E%02d", number);
    }

    String reply() {
        return reply;
    }
}
