package io.sluice.vmm.trace;

import java.util.Arrays;
import java.util.Optional;

/// What `-d` can show.
public enum Item {
    CPU("cpu", "the registers before each block that runs"),
    CPU_RESET("cpu_reset", "the registers after each reset of a vCPU"),
    EXEC("exec", "a line for each block that runs: where it stands"),
    GUEST_ERRORS("guest_errors", "what the guest did that no guest should: accesses that nothing claims"),
    HOST("host", "each request to the simulated host's files: process, file, request, arguments, answer"),
    INT("int", "each interrupt and exception: vector, error code, where, registers"),
    IN_ASM("in_asm", "each block's instructions when it is first decoded"),
    IOMMU("iommu", "the simulated host's IOMMU: requests that went nowhere, domains that devices are put in"),
    MDEV("mdev", "mediated devices: made, removed, accesses to regions, interrupts"),
    MMU("mmu", "page faults, changes of CR3, invalidations"),
    PCI("pci", "configuration writes, BARs that move, functions that come and go, messages"),
    QMP("qmp", "each line of the control protocol, in and out"),
    UNIMP("unimp", "what the guest asked for that is not there: model-specific registers");

    private final String text;
    private final String description;

    Item(String text, String description) {
        this.text = text;
        this.description = description;
    }

    public static Optional<Item> of(String text) {
        return Arrays.stream(values()).filter(item -> item.text.equals(text)).findFirst();
    }

    /// The name on the command line.
    public String text() {
        return text;
    }

    public String description() {
        return description;
    }

    /// Its lines come from a vCPU between two instructions, so that the vCPU may wait a moment for a disk.
    public boolean isOfVcpu() {
        return switch (this) {
            case CPU, EXEC, INT, IN_ASM, MMU -> true;
            case CPU_RESET, GUEST_ERRORS, HOST, IOMMU, MDEV, PCI, QMP, UNIMP -> false;
        };
    }

    int bit() {
        return 1 << ordinal();
    }

    static int bits(Iterable<Item> items) {
        int bits = 0;
        for (var item : items) {
            bits |= item.bit();
        }
        return bits;
    }
}
