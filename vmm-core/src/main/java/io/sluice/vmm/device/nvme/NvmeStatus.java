package io.sluice.vmm.device.nvme;

/// How a command ends (NVM Express 1.4 section 4.6.1): status code type, status code, and whether trying again can
/// help.
enum NvmeStatus {
    /// Not a status: the command ends by itself, later.
    LATER(-1, -1, true),

    SUCCESS(0, 0x00, true),
    INVALID_OPCODE(0, 0x01, false),
    INVALID_FIELD(0, 0x02, false),
    DATA_TRANSFER_ERROR(0, 0x04, true),
    INTERNAL_ERROR(0, 0x06, true),
    ABORTED_BY_QUEUE_DELETION(0, 0x08, true),
    INVALID_NAMESPACE(0, 0x0B, false),
    COMMAND_SEQUENCE_ERROR(0, 0x0C, false),
    PRP_OFFSET_INVALID(0, 0x13, false),
    NAMESPACE_WRITE_PROTECTED(0, 0x20, false),
    LBA_OUT_OF_RANGE(0, 0x80, false),
    CAPACITY_EXCEEDED(0, 0x81, false),

    COMPLETION_QUEUE_INVALID(1, 0x00, false),
    INVALID_QUEUE_IDENTIFIER(1, 0x01, false),
    INVALID_QUEUE_SIZE(1, 0x02, false),
    ASYNC_EVENT_LIMIT_EXCEEDED(1, 0x05, false),
    INVALID_INTERRUPT_VECTOR(1, 0x08, false),
    INVALID_LOG_PAGE(1, 0x09, false),
    INVALID_QUEUE_DELETION(1, 0x0C, false),
    FEATURE_NOT_SAVEABLE(1, 0x0D, false),
    FEATURE_NOT_NAMESPACE_SPECIFIC(1, 0x0F, false),

    WRITE_FAULT(2, 0x80, true),
    UNRECOVERED_READ_ERROR(2, 0x81, true),
    COMPARE_FAILURE(2, 0x85, false);

    private static final int MORE = 1 << 13;
    private static final int DO_NOT_RETRY = 1 << 14;

    private final int bits;

    NvmeStatus(int type, int code, boolean retry) {
        this.bits = code | type << 8 | (retry ? 0 : DO_NOT_RETRY);
    }

    /// The status field of a completion queue entry, without the phase: 15 bits. What failed has an entry in the error
    /// log, so that there is more to read.
    int bits() {
        return this == SUCCESS ? 0 : bits | MORE;
    }
}
