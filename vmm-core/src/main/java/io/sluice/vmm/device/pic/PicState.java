package io.sluice.vmm.device.pic;

/// What a snapshot stores of the PICs.
public record PicState(Chip master, Chip slave) {
    /// One 8259A; `flags` are its modes, one bit each, in the order in which the chip's fields are declared.
    public record Chip(
            int lines,
            int request,
            int service,
            int mask,
            int levels,
            int vectorBase,
            int lowest,
            int nextWord,
            int flags) {}
}
