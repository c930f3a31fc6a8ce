package io.sluice.vmm.device.nvme;

/// The registers that hold something, as a snapshot will store them. Plain fields: a register access allocates nothing.
final class NvmeState {
    int interruptMask;
    int cc;
    int csts;
    int aqa;
    long asq;
    long acq;
}
