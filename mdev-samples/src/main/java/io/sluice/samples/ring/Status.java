package io.sluice.samples.ring;

/// What became of a command. The constants' places are the numbers that are written.
enum Status {
    DONE,
    /// The two are not equal.
    DIFFERENT,
    BAD_OPCODE,
    /// A bit is set that means nothing yet.
    BAD_FIELD,
    BAD_LENGTH,
    /// No such key, or another client's.
    BAD_KEY,
    /// Not within the key's range.
    BAD_RANGE,
    /// The key does not give this right.
    NO_RIGHT,
    /// Source and target have bytes in common.
    OVERLAP,
    /// Memory that the device's user has not granted it: the IOMMU's no, where the others are the device's.
    FAULT;

    /// Whether the owner will want to know.
    boolean isProtection() {
        return switch (this) {
            case BAD_KEY, BAD_RANGE, NO_RIGHT, FAULT -> true;
            case DONE, DIFFERENT, BAD_OPCODE, BAD_FIELD, BAD_LENGTH, OVERLAP -> false;
        };
    }
}
